"""Putting the firmware on a table: compile, pack, copy, choose, wait until it has proved itself."""
