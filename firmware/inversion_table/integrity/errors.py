"""Errors in the program itself that ended only what it was just doing (RQ-165)."""

import io
import sys

from inversion_table.contract.messages import ERROR_MOST


class Errors:
    """How many there were since the start, and what the last of them looked like."""

    def __init__(self) -> None:
        self.count = 0
        self.text = ""
        """The end of its traceback; `itable firmware crash` says what its names mean."""

    def note(self, error: BaseException) -> None:
        """Count an error and keep its text. Raises nothing, whatever memory there is."""
        self.count += 1
        try:
            trace = io.StringIO()
            sys.print_exception(error, trace)
            self.text = trace.getvalue().strip()[-ERROR_MOST:]
        except MemoryError:
            self.text = "MemoryError"
