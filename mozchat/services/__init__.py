"""The use cases: what a participant or an administrator does, one function each."""
