"""Prescribed sessions: the plan as a value with its bounds, and its sequencing into wishes."""
