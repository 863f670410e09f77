"""Firmware of the rig: a second Pico that plays the table in front of a real controller."""

VERSION = "0.1.0"
PROTOCOL = 1
"""Of the messages between rig and host (docs/bench.md); a host refuses any other."""
