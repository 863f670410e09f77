"""`itable export`: the sessions of a store as a table for statistics."""

from pathlib import Path
from typing import Annotated

import typer

from itable.commands import choosing
from itable.options import Json, Store
from itable.output import out, print_json


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Written as its name ends: .csv or .parquet.")
    ],
    patient: choosing.Patient = None,
    since: choosing.Since = None,
    until: choosing.Until = None,
    plan: choosing.Plan = None,
    how: choosing.How = None,
    faults: choosing.Faults = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Write one row a session: planned, done, pain, comfort (columns: docs/itable.md).

    The samples of a session are what `itable log export` writes.
    """
    from itable.report.table import write
    from itable.store.listing import Listing

    meant = choosing.choice(patient, since, until, plan, how, faults)
    with Listing(store) as kept:
        rows = kept.sessions(meant).sessions
    write(rows, file)
    if json:
        print_json({"file": str(file), "sessions": len(rows)})
    else:
        out().print(f"{len(rows)} sessions: {file}", soft_wrap=True)
