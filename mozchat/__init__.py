"""mozchat: a voice and video forum on plain HTTP."""

__version__ = "0.1.0"
