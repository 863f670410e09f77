"""The table's settings on the screen: value, bounds, how far each may go now, what it means."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inversion_table.contract.setting_steps import beyond_workshop, furthest
from itable.care.settings import SETTINGS
from itable.link.models import SettingsGet


def table(answer: SettingsGet) -> RenderableType:
    """All settings, and what stands in the way of going further."""
    grid = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 1))
    grid.add_column("setting", no_wrap=True)
    for heading in ("value", "bounds", "workshop", "may go to"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("what it is", style="bright_black")
    lowered = []
    for setting in SETTINGS:
        value = answer.stored[setting.key]
        if answer.settings[setting.key] != value:
            lowered.append(
                f"{setting.name} is {setting.shown(answer.settings[setting.key])} while the table"
                " is not calibrated"
            )
        most = furthest(setting.key, value, answer.proved)
        grid.add_row(
            setting.name,
            Text(setting.shown(value), "bold yellow" if _bold(setting.key, value) else "bold"),
            f"{setting.number(setting.lowest)} to {setting.number(setting.highest)}",
            setting.number(setting.workshop),
            setting.number(most),
            setting.meaning,
        )
    lines: list[RenderableType] = [grid, Text("")]
    if answer.damaged:
        lines.append(
            Text(
                "the settings in the table's flash are damaged: nothing starts before `itable"
                " settings reset` (or set) has written them anew",
                "bold red",
            )
        )
    lines += [Text(line, "yellow") for line in lowered]
    lines.append(
        Text(
            f"settings {answer.id}; a session was done whole with them: the next step is open"
            if answer.proved
            else f"settings {answer.id}; no session was done whole with them yet, so none goes"
            " beyond the workshop's value further than it is"
        )
    )
    return Group(*lines)


def _bold(key: str, value: int) -> bool:
    return beyond_workshop(key, value)
