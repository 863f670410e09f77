"""`itable log`: list, pull, show, plot, export and import sessions."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.commands import choosing
from itable.commands.outcome import Comfort, Note, PainAfter, PainBefore, PatientOption
from itable.errors import InputError
from itable.options import Json, Port, Store
from itable.output import out, print_json, width

if TYPE_CHECKING:
    from itable.clinic.outcome import Outcome
    from itable.link.client import Client
    from itable.link.models import LogEntry
    from itable.log.about import About
    from itable.log.decode import SessionLog
    from itable.log.pull import Pulled
    from itable.log.source import Source
    from itable.store.sessions import Sessions

LAST = 100
"""So many sessions are listed when nothing is said: more is for a script, or a search."""

_EXAMPLES = """
Examples:

- `itable log pull --all` copies what is new on the table to this computer
- `itable log list` lists what is kept here; `itable log list --table` what the table keeps
- `itable log list --patient P-017 --since 2026-11-01` lists a patient's; `--faults` what failed
- `itable log show 12` shows session 12; `DEVICE/12` or `@34` when several have that number
- `itable log plot 12 --out session.png` draws it
- `itable log export 12 --csv session.csv` writes its samples, and its events beside them
- `itable log export 12 --raw session.itlog` writes its pages; `itable log import` reads them
- `ITABLE_STORE=postgresql://clinic@server/itable itable log pull` keeps sessions on a server
"""

app = typer.Typer(
    help="Sessions: pull them from the table, list, show, plot, export.",
    epilog=_EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Session = Annotated[
    str,
    typer.Argument(
        metavar="SESSION|FILE",
        help="The number of a kept session, DEVICE/NUMBER, @ID, or a file of raw pages.",
        autocompletion=complete.session_files,
    ),
]


@app.command("list")
def list_sessions(
    ctx: typer.Context,
    patient: choosing.Patient = None,
    since: choosing.Since = None,
    until: choosing.Until = None,
    plan: choosing.Plan = None,
    how: choosing.How = None,
    faults: choosing.Faults = False,
    last: Annotated[
        int | None,
        typer.Option(
            "--last",
            "-n",
            min=0,
            metavar="N",
            help=f"Only the N pulled last; 0: all. Else {LAST}, with --json all.",
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", "-t", help="Those on the table, not those kept here.")
    ] = False,
    port: Port = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """List the sessions that are kept here; with --table or --port those that the table keeps."""
    from itable.screen import sessions

    meant = choosing.choice(patient, since, until, plan, how, faults)
    if table or _named(ctx):
        from itable.link import ports

        if meant != choosing.choice() or last is not None:
            raise typer.BadParameter("a choice of sessions is of those kept here, not of a table's")
        with ports.connect(port) as client:
            answer = client.list_log()
        if json:
            print_json({"port": client.name, **answer.model_dump()})
        else:
            out().print(sessions.listing(answer))
        return
    from itable.store.listing import Listing

    if last is None and not json:
        last = LAST
    with Listing(store) as kept:
        found = kept.sessions(replace(meant, last=last or None))
        where = kept.where
    if json:
        answers = [one.to_dict() for one in found.sessions]
        print_json({"store": where, "total": found.total, "sessions": answers})
        return
    if not found.sessions and meant != choosing.choice():
        out().print(f"No kept session matches ({where}).", soft_wrap=True)
        return
    if not found.sessions:
        out().print(
            f"No session was pulled yet ({where}): `itable log pull` brings them.", soft_wrap=True
        )
        return
    head, *lines = sessions.kept(found.sessions, width())
    out().print(head, style="bright_black", markup=False, soft_wrap=True)
    out().file.write("".join(f"{line}\n" for line in lines))
    if found.total > len(found.sessions):
        typer.echo(
            f"the last {len(found.sessions)} of {found.total:,}; all of them: --last 0", err=True
        )


@app.command()
def pull(
    session: Annotated[
        int | None, typer.Argument(min=1, metavar="SESSION", help="Else the newest.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session on the table.")] = False,
    patient: PatientOption = None,
    pain_before: PainBefore = None,
    pain_after: PainAfter = None,
    comfort: Comfort = None,
    note: Note = None,
    store: Store = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Copy sessions from the table to this computer; nothing is deleted there.

    A pull that broke off goes on where it stopped: pull again. What is here already is not copied
    twice. It may be done while a session runs.

    A session that ran a plan of `plan upload --patient` or `programme next` is that patient's. With
    --patient pain and comfort are asked on a terminal; `itable outcome` enters them later.
    """
    from itable.clinic.outcome import Outcome, checked
    from itable.link import ports
    from itable.store.sessions import Sessions

    if everything and session is not None:
        raise typer.BadParameter("give a session or --all, not both")
    said = checked(Outcome(pain_before, pain_after, comfort, note))
    if everything and not (patient is None and said.empty):
        raise typer.BadParameter("a patient, pain, comfort and note are of one session, not of all")
    with Sessions(store) as kept, ports.connect(port) as client:
        entries = _entries(client, session, everything)
        about = _about(client)
        pulled = []
        for entry in entries:
            pulled.append(_pull(client, entry, kept, about, quiet=json))
            if not json:
                _say_pulled(pulled[-1], kept.where)
    owners = _owners(store, pulled, patient, said, as_json=json)
    if json:
        found = [{**one.to_dict(), **owners.get(one.id, {})} for one in pulled]
        print_json({"port": client.name, "store": kept.where, "pulled": found})


@app.command()
def show(
    ctx: typer.Context,
    session: Session,
    store: Store = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Show a session in the terminal: what was planned, done, and what happened."""
    source = _source(session, store, port if _named(ctx) else None)
    from itable.log.summary import summary

    if json:
        print_json({"from": source.where, **summary(source.log, source.about)})
        return
    from itable.screen.session import show as draw

    draw(source.log, source.about, out())


@app.command()
def plot(
    ctx: typer.Context,
    session: Session,
    out_path: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="PNG|SVG",
            help="Written as its name ends; else session-NUMBER.png.",
        ),
    ] = None,
    store: Store = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Draw planned and measured tilt with states, events and limits as a picture."""
    from itable.log.plot import write_picture
    from itable.pictures import require_picture

    if out_path is not None:
        require_picture(out_path)
    source = _source(session, store, port if _named(ctx) else None)
    path = out_path or source.base.with_suffix(".png")
    write_picture(source.log, source.about, path)
    if json:
        print_json({"from": source.where, "picture": str(path), "missing": source.log.missing})
    else:
        out().print(f"picture: {path}", soft_wrap=True)
        _say_missing(source.log)


@app.command()
def export(
    ctx: typer.Context,
    session: Session,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="CSV", help="Else session-NUMBER.csv; events beside it."),
    ] = None,
    raw: Annotated[
        Path | None,
        typer.Option("--raw", metavar="ITLOG", help="The pages as they lay on the table instead."),
    ] = None,
    store: Store = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Write a session's samples and events as CSV (columns: docs/itable.md), or its raw pages."""
    source = _source(session, store, port if _named(ctx) else None)
    report: dict[str, object] = {"from": source.where}
    if raw is not None:
        from itable.files import write_whole

        write_whole(raw, source.data)
        report |= {"raw": str(raw), "bytes": len(source.data)}
        words = [f"{len(source.data)} bytes: {raw}"]
    if csv is not None or raw is None:
        from itable.log.export import write_csv

        samples, events = write_csv(source.log, csv or source.base.with_suffix(".csv"))
        report |= {
            "samples_csv": str(samples),
            "events_csv": str(events),
            "samples": len(source.log.columns),
            "events": len(source.log.events),
        }
        words = [*([] if raw is None else words), f"{len(source.log.columns)} samples: {samples}"]
        words.append(f"{len(source.log.events)} events: {events}")
    if json:
        print_json({**report, "missing": source.log.missing})
        return
    for line in words:
        out().print(line, soft_wrap=True)
    _say_missing(source.log)


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of raw pages.")],
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="The table that they came from.")
    ],
    store: Store = None,
    json: Json = False,
) -> None:
    """Keep sessions from files that `itable log export --raw` wrote; none is kept twice."""
    from itable.log.about import About
    from itable.log.source import from_file
    from itable.store.sessions import Sessions

    with Sessions(store) as kept:
        done = [(path, kept.put(from_file(path).data, About(device))) for path in files]
    if json:
        found = [{"file": str(path), "id": put.id, "how": put.how} for path, put in done]
        print_json({"store": kept.where, "imported": found})
        return
    for path, put in done:
        out().print(f"{_HOW[put.how]}: {path} is @{put.id}", soft_wrap=True)


_HOW = {"new": "kept", "more": "completed", "same": "was here"}


def _named(ctx: typer.Context) -> bool:
    """Whether --port stands on the command line; a port from the environment asks for nothing."""
    source = ctx.get_parameter_source("port")
    return source is not None and source.name == "COMMANDLINE"


def _entries(client: "Client", number: int | None, everything: bool) -> list["LogEntry"]:
    """What is to be pulled, oldest first: everything, a number, or the newest."""
    sessions = client.list_log().sessions
    if not sessions:
        raise InputError(
            "the table's log is empty",
            where=client.name,
            next_step="run a session first; START on the table begins the plan that it holds",
        )
    if everything:
        return sessions[::-1]
    if number is None:
        return sessions[:1]
    for entry in sessions:
        if entry.session == number:
            return [entry]
    raise InputError(
        f"the table has no session {number}",
        where=client.name,
        next_step="`itable log list --table` shows what it has",
    )


def _pull(
    client: "Client", entry: "LogEntry", kept: "Sessions", about: "About", *, quiet: bool
) -> "Pulled":
    from rich import progress

    from itable.log.pull import pull as pull_one

    with progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=out(),
        transient=True,
        disable=quiet or not out().is_terminal,
    ) as bar:
        task = bar.add_task(f"session {entry.session}", total=entry.bytes)

        def show_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return pull_one(client, entry, kept, about, show_progress)


def _about(client: "Client") -> "About":
    """Who the table is, and its settings, which it tells only at home."""
    from inversion_table.contract import messages
    from itable.errors import RefusedError
    from itable.log.about import About

    device = client.hello().device
    try:
        return About(device, client.get_settings().settings)
    except RefusedError as error:
        if error.code != messages.BUSY:
            raise
        return About(device)


def _source(session: str, store: str | None, port: str | None) -> "Source":
    """The session that is meant; with a port a number is pulled first."""
    from itable.log import source

    if source.is_file(session):
        return source.from_file(Path(session))
    if port is not None and session.isascii() and session.isdigit():
        from itable.link import ports
        from itable.store.sessions import Sessions

        with Sessions(store) as kept, ports.connect(port) as client:
            (entry,) = _entries(client, int(session), everything=False)
            pulled = _pull(client, entry, kept, _about(client), quiet=True)
        session = f"@{pulled.id}"
    return source.from_store(session, store)


def _owners(
    store: str | None,
    pulled: "list[Pulled]",
    patient: str | None,
    said: "Outcome",
    *,
    as_json: bool,
) -> dict[int, dict[str, object]]:
    """Whose the pulled sessions are and what was said of them, by their ids; said on a terminal."""
    from itable.commands import outcome
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        if patient is None and said.empty and not clinic.any_patient():
            return {}
        ask = patient is not None and said.empty and not as_json
        answers = {one.id: outcome.record(clinic, one.id, patient, said, ask=ask) for one in pulled}
    if not as_json:
        for answer in answers.values():
            outcome.say(answer)
    return answers


def _say_pulled(one: "Pulled", where: str) -> None:
    from itable.screen.chart import clock

    how = f"{one.bytes_read} bytes"
    if one.how == "same":
        how = "was here already, the same"
    elif one.resumed_at:
        how += f", went on at byte {one.resumed_at}"
    out().print(
        f"[green]ok[/] session {one.log.session} is @{one.id}: {clock(one.log.duration_ms)} min,"
        f" {len(one.log.columns)} samples, {len(one.log.events)} events,"
        f" {one.log.page_count} pages verified ({how})",
        soft_wrap=True,
    )
    out().print(f"   {where}", soft_wrap=True)
    if one.not_told:
        out().print(f"[yellow]the table was not told:[/] {one.not_told}", soft_wrap=True)
    _say_missing(one.log)


def _say_missing(log: "SessionLog") -> None:
    for gap in log.missing:
        out().print(f"[yellow]missing:[/] {gap}", soft_wrap=True)
