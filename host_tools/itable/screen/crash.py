"""A crash of the firmware as `itable firmware crash` shows it."""

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from itable.care.crash import Crash
    from itable.link.models import FirmwareGet


def crash_lines(crash: "Crash", readable: str) -> Text:
    """Where it was found, the build it is of, and its text with names that can be read."""
    of = f" (build {crash.build})" if crash.build else ""
    text = Text(f"{crash.found}{of}:\n", "bold")
    for line in readable.split("\n"):
        text.append(f"  {line}\n", "" if line.startswith((" ", "Traceback")) else "red")
    return text


def nothing_lines(firmware: "FirmwareGet") -> Text:
    """What a table has of it that met no error."""
    return Text(
        f"the table keeps no crash: {firmware.version}, build {firmware.build or 'not known'}, met"
        " no error in itself since its start, and none before it was given up. What it printed on"
        " its port when it restarted can be given as a file, or piped: itable firmware crash -"
    )


def source_lines(
    version: str, folder: str, same: bool | None, firmware: "FirmwareGet | None"
) -> Text:
    """Whose names these are; `same`: whether the table's firmware was made of them, if known."""
    says = f"Names in brackets are those of firmware {version} as it lies in {folder}"
    runs = f"what the table runs, {firmware.version}, build {firmware.build}" if firmware else ""
    if same:
        return Text(f"{says}: {runs}.", "bright_black")
    if same is None:
        of = f"; whether it is {runs}, cannot be told" if runs else ""
        return Text(f"{says}{of}. Of other sources they may mean something else.", "yellow")
    return Text(
        f"{says}, and that is not {runs}: they may mean something else. Take the itable, or the"
        " folder (--from), that it was deployed from.",
        "yellow",
    )
