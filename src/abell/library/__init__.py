"""A DRM's C library in a process of its own, which may crash or hang without harm.

The server's side is `hosts/library.py`. Everything here is imported by that process: the standard library only, and
little of it.
"""
