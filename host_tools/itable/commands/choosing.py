"""The options by which a command is told which sessions of a store are meant."""

from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.errors import InputError

if TYPE_CHECKING:
    from itable.store.listing import Choice

Patient = Annotated[
    str | None,
    typer.Option(
        "--patient",
        metavar="PATIENT",
        help="Only this patient's.",
        autocompletion=complete.patients,
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="YYYY-MM-DD", help="Only from this day on; or today."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="YYYY-MM-DD", help="Only up to this day, itself included."),
]
Plan = Annotated[
    str | None,
    typer.Option(
        "--plan", metavar="TEXT", help="Only with this in the plan's name, or an id that begins so."
    ),
]
How = Annotated[
    list[str] | None,
    typer.Option(
        "--how",
        metavar="HOW",
        help="Only those that ended so: completed, shortened, fault, cut-off; may be repeated.",
        autocompletion=complete.hows,
    ),
]
Faults = Annotated[bool, typer.Option("--faults", help="Only those in which a fault was reported.")]


def choice(
    patient: str | None = None,
    since: str | None = None,
    until: str | None = None,
    plan: str | None = None,
    how: list[str] | None = None,
    faults: bool = False,
    last: int | None = None,
) -> "Choice":
    """What the options say; raises InputError for a day or an ending that is none."""
    from itable.days import parsed
    from itable.store.listing import Choice

    first = None if since is None else parsed(since)
    final = None if until is None else parsed(until)
    if first is not None and final is not None and final < first:
        raise InputError(
            f"{first} to {final} is no time: the end lies before the beginning",
            next_step="give the earlier day to --since, the later one to --until",
        )
    return Choice(
        patient=patient,
        since=first,
        until=final,
        plan=plan or None,
        how=[_how(word) for word in how or ()],
        faults=faults,
        last=last,
    )


def _how(word: str) -> str:
    from itable.clinic.sessions import HOW

    found = word.strip().lower().replace("-", " ")
    if found not in HOW:
        raise InputError(
            f"no session ends '{word}'",
            next_step="give one of: " + ", ".join(one.replace(" ", "-") for one in HOW),
        )
    return found
