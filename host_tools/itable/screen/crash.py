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


def source_lines(version: str, build: str, folder: str, builds: set[str]) -> Text:
    """Whose names these are: of firmware `version` in `folder`, which makes `build`.

    builds: those that the crashes are of; "" for what is not known, here and there.
    """
    named = f", build {build}," if build else ""
    says = f"Names in brackets are those of firmware {version}{named} as it lies in {folder}"
    others = sorted(builds - {build})
    if not build or "" in others:
        return Text(f"{says}. Of other sources they may mean something else.", "yellow")
    if others:
        return Text(
            f"{says}, and not of build {' or '.join(others)}: there they may mean something else."
            " Take the itable, or the folder (--from), that it was deployed from.",
            "yellow",
        )
    return Text(f"{says}.", "bright_black")
