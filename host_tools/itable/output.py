"""How commands print: for people with Rich, for scripts one JSON object; errors the same way."""

import json
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from itable.errors import ItableError

if TYPE_CHECKING:
    from rich.console import Console


@cache
def out() -> "Console":
    """The console on standard output; without colours when that is no terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def width() -> int | None:
    """Characters in a line of the terminal, or as COLUMNS says; None for a pipe or a file."""
    return out().width if out().is_terminal or "COLUMNS" in os.environ else None


def print_json(value: object) -> None:
    """One JSON object on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_error(error: ItableError, *, as_json: bool) -> None:
    """Say what happened, where, and what to do next."""
    if as_json:
        print_json({"error": error.to_dict()})
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), (error.what, "bold")))
    if error.where:
        console.print(Text(f"where: {error.where}"))
    if error.next_step:
        console.print(Text.assemble(("next:  ", "green"), error.next_step))
