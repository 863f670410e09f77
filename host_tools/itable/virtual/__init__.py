"""The virtual table as the tool uses it: opening one, a whole session on it, keys as buttons."""
