"""The job script: what runs on the node, and the server's side of the traces it leaves (lock, ending, bell)."""
