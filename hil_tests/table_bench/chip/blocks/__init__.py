"""Blocks of the emulated chip that differ from the emulator's own, each with its reason."""
