"""The hub: an optional daemon that pushes events over websockets. It keeps no truth, so it may die at any time."""
