"""The rules of mozchat, pure: no file, no clock, no network, no framework."""
