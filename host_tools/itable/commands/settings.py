"""`itable settings`: what the table is set to, inside its bounds."""

import typer

from itable.options import Json, Port
from itable.output import out, print_json

app = typer.Typer(help="The table's settings.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The table's settings."""


@app.command()
def show(port: Port = None, json: Json = False) -> None:
    """Show every setting of the table with its bounds, and its calibration."""
    from rich.table import Table

    from itable.link import ports

    with ports.connect(port) as client:
        answer = client.get_settings()
        calibration = client.get_calibration()
    if json:
        print_json(
            {
                "port": client.name,
                **answer.model_dump(),
                "calibration": calibration.model_dump(),
            }
        )
        return
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 2))
    table.add_column("setting")
    for heading in ("value", "lowest", "highest", "workshop"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    for name, value in answer.settings.items():
        quantity, unit, divisor = unit_of(name)
        bounds = answer.bounds.get(name)
        shown = [f"{number / divisor:g}" for number in [value, *_numbers(bounds)]]
        table.add_row(quantity, *[*shown, "", "", ""][:4], unit)
    out().print(table)
    from itable.screen.calibration import kept

    out().print()
    out().print(kept(calibration))


def unit_of(name: str) -> tuple[str, str, int]:
    """A setting's name in words, the unit that people read, and what to divide by."""
    for ending, unit, divisor in (
        ("_mdeg_per_s2", "°/s²", 1000),
        ("_mdeg_per_s", "°/s", 1000),
        ("_mdeg", "°", 1000),
        ("_ms", "s", 1000),
    ):
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " "), unit, divisor
    return name.replace("_", " "), "", 1


def _numbers(bounds: object) -> list[int]:
    """Lowest, highest and default of a setting, as far as the table told them."""
    if isinstance(bounds, dict):
        bounds = [bounds.get(key) for key in ("lowest", "highest", "default")]
    if not isinstance(bounds, list):
        return []
    return [number for number in bounds if type(number) is int]
