"""Firmware of the inversion table controller (MicroPython); pure parts also run on CPython."""

VERSION = "0.1.0"
