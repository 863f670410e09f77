"""Modules that run inside the MicroPython process and stand in for the chip's own."""
