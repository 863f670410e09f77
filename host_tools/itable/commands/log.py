"""`itable log`: list, pull, show, plot and export sessions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable.errors import InputError
from itable.options import Json, Port
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.link.client import Client
    from itable.log.decode import SessionLog
    from itable.log.pull import Pulled
    from itable.log.store import About, Stored

app = typer.Typer(help="Sessions: list, pull, show, plot, export.", no_args_is_help=True)

Session = Annotated[
    str,
    typer.Argument(
        metavar="FILE|SESSION",
        help="A pulled log, or the number of a session: pulled before, or now with --port.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="DIR", help="Where pulled logs lie; else the user's data folder."
    ),
]


@app.command("list")
def list_sessions(port: Port = None, json: Json = False) -> None:
    """List the sessions that the table keeps."""
    from itable.link import ports
    from itable.screen.sessions import listing

    with ports.connect(port) as client:
        answer = client.list_log()
    if json:
        print_json({"port": client.name, **answer.model_dump()})
        return
    out().print(listing(answer))


@app.command()
def pull(
    session: Annotated[
        int | None, typer.Argument(min=1, metavar="[SESSION]", help="Else the newest.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session on the table.")] = False,
    folder: Folder = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Copy sessions from the table to this computer; nothing is deleted there.

    A pull that broke off goes on where it stopped.
    """
    from itable.link import ports

    if everything and session is not None:
        raise typer.BadParameter("give a session or --all, not both")
    with ports.connect(port) as client:
        numbers = [session] if session is not None else _numbers(client, everything)
        pulled = [_pull(client, number, folder, quiet=json) for number in numbers]
    if json:
        print_json({"port": client.name, "pulled": [one.to_dict() for one in pulled]})
        return
    for one in pulled:
        _say_pulled(one)


@app.command()
def show(session: Session, folder: Folder = None, port: Port = None, json: Json = False) -> None:
    """Show a session in the terminal: what was planned, done, and what happened."""
    stored, log = _load(session, folder, port)
    from itable.log.summary import summary

    if json:
        print_json({"file": str(stored.path), **summary(log, stored.about)})
        return
    from itable.screen.session import show as draw

    draw(log, stored.about, out())


@app.command()
def plot(
    session: Session,
    out_path: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PNG", help="Else next to the log.")
    ] = None,
    folder: Folder = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Draw planned and measured tilt with states, events and limits as a picture."""
    stored, log = _load(session, folder, port)
    from itable.log.plot import write_png

    path = out_path or stored.path.with_suffix(".png")
    write_png(log, stored.about, path)
    if json:
        print_json({"file": str(stored.path), "png": str(path), "missing": log.missing})
    else:
        out().print(f"picture: {path}", soft_wrap=True)
        _say_missing(log)


@app.command()
def export(
    session: Session,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="CSV", help="Else next to the log; events beside it."),
    ] = None,
    folder: Folder = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Write a session's samples and events as CSV (columns: docs/itable.md)."""
    stored, log = _load(session, folder, port)
    from itable.log.export import write_csv

    samples, events = write_csv(log, csv or stored.path.with_suffix(".csv"))
    if json:
        print_json(
            {
                "file": str(stored.path),
                "samples_csv": str(samples),
                "events_csv": str(events),
                "samples": len(log.columns),
                "events": len(log.events),
                "missing": log.missing,
            }
        )
        return
    out().print(f"{len(log.columns)} samples: {samples}", soft_wrap=True)
    out().print(f"{len(log.events)} events: {events}", soft_wrap=True)
    _say_missing(log)


def _numbers(client: "Client", everything: bool) -> list[int]:
    """The session numbers on the table: all, or only the newest."""
    sessions = client.list_log().sessions
    numbers = sorted(int(entry["session"]) for entry in sessions)
    if not numbers:
        raise InputError(
            "the table's log is empty",
            where=client.name,
            next_step="run a session first; START on the table begins the plan that it holds",
        )
    return numbers if everything else numbers[-1:]


def _pull(client: "Client", number: int, folder: Path | None, *, quiet: bool) -> "Pulled":
    from rich.progress import Progress

    from itable.folders import logs_folder
    from itable.log import store
    from itable.log.pull import pull as pull_one

    about = _about(client)
    with Progress(console=out(), transient=True, disable=quiet or not out().is_terminal) as bar:
        task = bar.add_task(f"session {number}", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        path = store.session_path(folder or logs_folder(), about.device, number)
        return pull_one(client, number, path, about, progress)


def _about(client: "Client") -> "About":
    from itable.log.store import About

    return About(client.hello().device, client.get_settings().settings)


def _load(session: str, folder: Path | None, port: str | None) -> tuple["Stored", "SessionLog"]:
    """The log that is meant: pulled now when a port and a number are given, else from disk."""
    from itable.log import store
    from itable.log.decode import decode

    if port is not None and session.isdigit() and not Path(session).exists():
        from itable.link import ports

        with ports.connect(port) as client:
            path = _pull(client, int(session), folder, quiet=True).path
    else:
        path = store.find(session, folder)
    stored = store.load(path)
    log = decode(stored.data)
    if not log.page_count:
        raise InputError(
            "there is no session in this file",
            where=str(path),
            next_step="give a file that `itable log pull` wrote",
        )
    return stored, log


def _say_pulled(one: "Pulled") -> None:
    from itable.screen.chart import clock

    how = f"{one.bytes_read} bytes"
    if one.was_here:
        how = "was here already, the same"
    elif one.resumed_at:
        how += f", went on at byte {one.resumed_at}"
    out().print(
        f"[green]ok[/] session {one.log.session}: {clock(one.log.duration_ms)} min,"
        f" {len(one.log.columns)} samples, {len(one.log.events)} events,"
        f" {one.log.page_count} pages verified ({how})",
        soft_wrap=True,
    )
    out().print(f"   {one.path}", soft_wrap=True)
    _say_missing(one.log)


def _say_missing(log: "SessionLog") -> None:
    for gap in log.missing:
        out().print(f"[yellow]missing:[/] {gap}", soft_wrap=True)
