"""Abell runs an application's jobs on this machine or on a cluster, and can be trusted about how they ended."""

__version__ = "0.1.0"
