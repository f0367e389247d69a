"""The engine: a job's life step by step (`flow.py` has it on one page), and the process and socket around it."""
