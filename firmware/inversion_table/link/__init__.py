"""Bytes <-> messages over USB serial: lines in, replies out."""
