"""`itable outcome`: what the patient says of a session, entered after it was pulled."""

from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.options import Json, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.clinic.outcome import Outcome
    from itable.store.clinic import Clinic

PatientOption = Annotated[
    str | None,
    typer.Option(
        "--patient",
        metavar="PATIENT",
        help="Whose it is: a pseudonym, as in P-017.",
        autocompletion=complete.patients,
    ),
]
PainBefore = Annotated[
    int | None,
    typer.Option(
        "--pain-before", metavar="0-10", help="Pain before the session: 0 none, 10 worst."
    ),
]
PainAfter = Annotated[
    int | None, typer.Option("--pain-after", metavar="0-10", help="Pain after the session.")
]
Comfort = Annotated[
    int | None,
    typer.Option("--comfort", metavar="0-10", help="Comfort: 0 unbearable, 10 the best."),
]
Note = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="A note; nothing that names the person."),
]


def outcome(
    session: Annotated[
        str,
        typer.Argument(
            metavar="SESSION",
            help="Its number, DEVICE/NUMBER, or @ID.",
            autocompletion=complete.sessions,
        ),
    ],
    pain_before: PainBefore = None,
    pain_after: PainAfter = None,
    comfort: Comfort = None,
    note: Note = None,
    patient: PatientOption = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Enter, or show, pain before and after a session, comfort, and a note.

    What is not given stays as it was. On a terminal what is missing is asked.
    """
    from itable.clinic.outcome import Outcome, checked
    from itable.store.clinic import Clinic
    from itable.store.sessions import Sessions

    said = checked(Outcome(pain_before, pain_after, comfort, note))
    with Sessions(store) as sessions:
        row_id = sessions.find(session)
    with Clinic(store) as clinic:
        answer = record(clinic, row_id, patient, said, ask=said.empty and not json)
    if json:
        print_json(answer)
    else:
        say(answer)


def record(
    clinic: "Clinic", row_id: int, patient: str | None, said: "Outcome", *, ask: bool
) -> dict[str, object]:
    """Keep whose a session is and what was said of it; as `--json` prints it.

    With `ask`, and somebody to ask, what nothing is known of yet is asked on the terminal.
    """
    from itable.clinic import asking
    from itable.clinic.outcome import Outcome

    if patient is not None:
        clinic.give(row_id, patient)
    kept = clinic.outcome(row_id)
    if ask and kept.empty and asking.on_terminal():
        said = Outcome(
            asking.ask_number("pain before"),
            asking.ask_number("pain after"),
            asking.ask_number("comfort"),
        )
    if not said.empty:
        kept = clinic.set_outcome(row_id, said)
    owner = clinic.belongs(row_id)
    return {"id": row_id, "owner": owner and owner.to_dict(), **vars(kept)}


def say(answer: dict[str, object]) -> None:
    """One or two lines about whose a session is and how it was."""
    from rich.markup import escape

    owner = answer["owner"]
    if isinstance(owner, dict):
        week = f", week {owner['week']} of the programme" if owner["week"] else ""
        whose = f"{owner['patient']}{week}"
    else:
        whose = "nobody's yet: `itable outcome --patient PATIENT`"
    words = [
        f"{label} {'not asked' if answer[key] is None else answer[key]}"
        for key, label in (
            ("pain_before", "pain before"),
            ("pain_after", "after"),
            ("comfort", "comfort"),
        )
    ]
    out().print(f"@{answer['id']} is {escape(whose)}: {', '.join(words)}", soft_wrap=True)
    if answer["note"]:
        out().print(f"note: {escape(str(answer['note']))}", soft_wrap=True)
