"""The side of whoever asks: finding or starting the engine, talking to it, the Python API."""
