"""The supervisor of local jobs: a process of its own, one per root, that outlives the server."""

HELD = 3  # its exit status if another one serves the root
