"""`itable settings`: what the table is set to, inside its bounds, and changing it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itable import complete
from itable.options import Json, Port
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.link.models import SettingsGet

app = typer.Typer(help="The table's settings.", no_args_is_help=True)

_Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before a setting gets less cautious.")
]


@app.callback()
def _group() -> None:
    """The table's settings."""


@app.command()
def show(port: Port = None, json: Json = False) -> None:
    """Show every setting of the table, what it means, how far it may go, and the calibration."""
    from itable.link import ports

    with ports.connect(port) as client:
        answer = client.get_settings()
        calibration = client.get_calibration()
    if json:
        print_json(
            {
                "port": client.name,
                **answer.model_dump(),
                "furthest": _furthest(answer),
                "calibration": calibration.model_dump(),
            }
        )
        return
    from itable.screen.calibration import kept
    from itable.screen.settings import table

    out().print(table(answer))
    out().print()
    out().print(kept(calibration))


@app.command("set")
def set_values(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME VALUE...",
            help="Settings and their values, as in tilt_max 45 or head_down_max=4min.",
            autocompletion=complete.setting_names,
        ),
    ],
    port: Port = None,
    yes: _Yes = False,
    json: Json = False,
) -> None:
    """Change settings of the table, at home: the table checks them, keeps them and restarts.

    Toward caution any step is taken at once, and back to what the table came with. Beyond that one
    setting goes one step at a time, after a session done whole with the table as it is set.
    """
    from itable.care.settings import wanted

    values = wanted(words)
    _change(values, port, yes=yes, as_json=json)


@app.command()
def reset(port: Port = None, yes: _Yes = False, json: Json = False) -> None:
    """Set every setting back to what the table came with; this also mends damaged settings."""
    from itable.care.settings import SETTINGS

    _change({setting.key: setting.workshop for setting in SETTINGS}, port, yes=yes, as_json=json)


def _change(values: dict[str, int], port: str | None, *, yes: bool, as_json: bool) -> None:
    """Check, ask, put, wait for the restart, and look at what is in use then."""
    import time

    from itable.care.settings import changes, check_steps
    from itable.errors import LinkError
    from itable.link import clock, ports
    from itable.link.comeback import connect_again

    with ports.connect(port) as client:
        before = client.get_settings()
        new = {**before.stored, **values}
        check_steps(before.stored, new, before.proved)
        said = changes(before.stored, new)
        if not said and not before.damaged:
            _tell_unchanged(client.name, before.id, as_json=as_json)
            return
        _ask(before.stored, new, yes=yes, as_json=as_json)
        result = client.put_settings(new, before.id)
    name = client.name
    if result.restarts_ms is not None:
        if not as_json:
            out().print("[bright_black]stored; the table restarts to use them[/]")
        time.sleep(result.restarts_ms / 1000)
    client, status = connect_again(lambda: ports.connect(name))
    with client:
        after = client.get_settings()
        clock.keep(client, int(time.time()))  # a restart may have lost it
    if after.id != result.id:
        raise LinkError(
            "after its restart the table has other settings than those it was given",
            where=name,
            next_step="`itable settings show` tells which; if it says damaged, `itable settings"
            " reset`",
        )
    if as_json:
        print_json(
            {
                "port": name,
                "changed": said,
                "id": after.id,
                "settings": after.settings,
                "plan": result.plan,
                "state": status.state,
            }
        )
        return
    for line in said or ["nothing is different, but what was damaged is whole again"]:
        out().print(f"[green]✓[/] {line}")
    if result.plan:
        out().print(
            f"[yellow]the plan on the table is no longer inside them: {result.plan}.[/] Upload"
            " another one before the next session.",
            soft_wrap=True,
        )


def _ask(present: dict[str, int], new: dict[str, int], *, yes: bool, as_json: bool) -> None:
    """Have each step beyond the workshop's values confirmed; raises InputError for a no."""
    from itable.care.settings import bolder
    from itable.errors import InputError

    for setting in bolder(present, new):
        what = (
            f"{setting.name} ({setting.meaning}) from {setting.shown(present[setting.key])} to"
            f" {setting.shown(new[setting.key])}: beyond what the table came with"
            f" ({setting.shown(setting.workshop)}), against {setting.hazard}"
        )
        if yes:
            continue
        if as_json or not sys.stdin.isatty():
            raise InputError(
                f"{what}: that is asked for first, and there is nobody to answer",
                next_step="say --yes if it is meant",
            )
        if not typer.confirm(f"{what}. Is it meant?"):
            raise InputError("nothing was changed")


def _tell_unchanged(port: str, identity: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"port": port, "changed": [], "id": identity})
    else:
        out().print("nothing to change: the table is set so already")


def _furthest(answer: "SettingsGet") -> dict[str, Any]:
    """How far each setting may go now, in the device's units."""
    from inversion_table.contract.setting_steps import furthest

    return {name: furthest(name, value, answer.proved) for name, value in answer.stored.items()}
