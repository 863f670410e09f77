"""What can go wrong with the bench itself, as opposed to the firmware on it."""


class BenchError(RuntimeError):
    """The bench cannot go on; the text says what happened and what the firmware said last."""
