"""A deployment on the terminal: its steps, how far they are, and what runs at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from itable.output import out

if TYPE_CHECKING:
    from itable.deploy.steps import Outcome
    from itable.link.models import FirmwareGet


class Steps:
    """Says each step; on a terminal the present one has a bar, and those that are done a mark."""

    def __init__(self, bar: Progress | None, *, quiet: bool) -> None:
        self._bar = bar
        self._quiet = quiet
        self._task: TaskID | None = None
        self._what = ""

    def say(self, what: str) -> None:
        """A new step begins; the one before it is done."""
        if self._quiet:
            return
        if self._bar is None:
            out().print(what, soft_wrap=True)
            return
        self.done()
        self._what = what
        self._task = self._bar.add_task(what, total=None)

    def progress(self, done: int, total: int) -> None:
        """How far the present step is; a total of 0: nobody knows."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None)

    def done(self) -> None:
        """The present step came to its end."""
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._bar.console.print(Text.assemble(("✓ ", "green"), self._what))
            self._task = None


@contextmanager
def told(*, quiet: bool) -> Iterator[Steps]:
    """The steps of a deployment, shown while inside."""
    if quiet or not out().is_terminal:
        yield Steps(None, quiet=quiet)
        return
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out(), transient=True) as bar:
        steps = Steps(bar, quiet=False)
        yield steps
        steps.done()


def outcome_lines(outcome: "Outcome") -> Text:
    """What runs now."""
    name = f"{outcome.version}, build {outcome.build}, slot {outcome.slot}"
    if not outcome.changed:
        return Text(f"the table has it already: {name}", "green")
    if outcome.proved:
        return Text(f"the table runs {name}; it has proved itself", "green")
    why = f" ({outcome.note})" if outcome.note else ""
    return Text(
        f"the table runs {name}, which has not proved itself yet{why}. It starts no session before"
        " it has been ready at home for a while",
        "yellow",
    )


def firmware_lines(firmware: "FirmwareGet") -> Text:
    """Everything a table tells of its firmware."""
    rows = [
        ("runs", f"{firmware.version}, build {firmware.build or 'not known'}"),
        ("from", _slot(firmware.slot)),
        ("since", _date(firmware.since_s) if firmware.slot else "not known"),
    ]
    if firmware.starts_left is not None:
        rows.append(("on trial", f"{firmware.starts_left} starts left to prove itself"))
    if firmware.previous:
        rows.append(("before it", f"{_named(firmware.previous)}; `itable firmware rollback`"))
    text = Text()
    for label, value in rows:
        text.append(f"{label:10}", "bright_black").append(value + "\n")
    if firmware.fell:
        text.append(f"{'given up':10}", "bright_black")
        text.append(f"{_named(firmware.fell)}: {firmware.fell.get('why')}\n", "yellow")
    text.rstrip()
    return text


def _named(other: dict[str, Any]) -> str:
    version = f"{other['version']}, " if other.get("version") else ""
    return f"{version}build {other.get('build') or 'not known'}, {_slot(str(other.get('slot')))}"


def _slot(slot: str) -> str:
    return {"": "none: single files", "tree": "none: single files"}.get(slot, f"slot {slot}")


def _date(since_s: int) -> str:
    """In the local time of this computer; the table's clock may not have been set."""
    if not since_s:
        return "not known: the table's clock was not set"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(since_s))
