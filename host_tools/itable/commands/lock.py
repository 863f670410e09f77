"""`itable lock`: a table that takes only plans which its clinic has sealed."""

from pathlib import Path
from typing import Annotated

import typer

from itable.options import Json, Port
from itable.output import out, print_json

app = typer.Typer(help="Let a table take only sealed plans.", no_args_is_help=True)


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    json: Json = False,
) -> None:
    """Make a new key for a clinic, in a file that only its owner may read.

    Keep a copy where the clinic keeps its secrets: without it no plan can be sealed any more.
    """
    from itable.keys import new_key_file

    identity = new_key_file(file)
    if json:
        print_json({"key": str(file), "key_id": identity})
        return
    out().print(f"{file}: key {identity}. Keep a copy in a safe place.", soft_wrap=True)


@app.command("set")
def set_lock(
    key: Annotated[
        Path, typer.Option("--key", envvar="ITABLE_KEY", metavar="FILE", help="The clinic's key.")
    ],
    port: Port = None,
    json: Json = False,
) -> None:
    """Give a table in SERVICE the clinic's key, once: it then takes only sealed plans.

    SERVICE: at home, nobody on the table, hold START and PAUSE for 5 s. Reset the table to leave.
    """
    from itable.keys import read_key_file
    from itable.link import ports
    from itable.link.service import set_seal_key

    secret = read_key_file(key)
    name = ports.choose(port)
    with ports.open_port(name) as transport:
        identity = set_seal_key(transport, secret, name)
    if json:
        print_json({"port": name, "key_id": identity})
        return
    out().print(
        f"the table at {name} has the key {identity}. Switch it off and on: from then on it takes"
        " only plans sealed with it",
        soft_wrap=True,
    )


@app.command()
def status(port: Port = None, json: Json = False) -> None:
    """Say whether a table is locked, by which key, and what is wrong with its lock."""
    from itable.link import ports

    with ports.connect(port) as client:
        lock = client.get_lock()
    if json:
        print_json({"port": client.name, **lock.model_dump()})
        return
    if lock.locked:
        key = f"the key {lock.key_id}" if lock.key_id else "a key"
        out().print(f"locked: only plans sealed with {key}; {lock.counter} is the last number")
    else:
        out().print("not locked: any plan inside the limits is taken")
    if lock.problem:
        out().print(f"[yellow]{lock.problem}[/]", soft_wrap=True)
