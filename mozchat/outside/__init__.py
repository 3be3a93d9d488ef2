"""What the site calls on beyond its own files."""
