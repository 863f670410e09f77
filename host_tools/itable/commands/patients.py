"""`itable patients`: the patients of a store, and what is known of one."""

from typing import Annotated

import typer

from itable import complete
from itable.options import Json, Store
from itable.output import out, print_json, width


def patients(
    patient: Annotated[
        str | None,
        typer.Argument(
            metavar="PATIENT", help="Else all of them.", autocompletion=complete.patients
        ),
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """List the patients, or the sessions of one with what was planned, done and said."""
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        if patient is None:
            rows = clinic.patients()
            if json:
                print_json(
                    {
                        "store": clinic.where,
                        "patients": [
                            {
                                "patient": name,
                                "cleared": standing.cleared,
                                "programme": programme and programme.template,
                                "sessions": count,
                            }
                            for name, standing, programme, count in rows
                        ],
                    }
                )
            else:
                from itable.screen.clinic import patients as listing

                out().print(listing(rows, clinic.where))
            return
        sessions = clinic.sessions_of(patient)
        standing = clinic.standing(patient)
    if json:
        print_json({**standing.to_dict(), "sessions": [one.to_dict() for one in sessions]})
        return
    from itable.commands.screen import say
    from itable.screen.clinic import sessions as table

    say(standing)
    out().print()
    out().print(table(sessions, width()), soft_wrap=True)
