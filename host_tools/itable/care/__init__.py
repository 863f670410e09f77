"""Care of the device: its settings, its clock, and a look at all of it."""
