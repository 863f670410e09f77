"""The bench: a table with a rider, and the ways to put a controller on it."""
