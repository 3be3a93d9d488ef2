"""The only package that touches a site's files: what a thread holds is kept here, and nowhere else."""
