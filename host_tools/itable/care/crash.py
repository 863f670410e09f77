"""A crash of the firmware as it was on the chip, with the names that the sources have (RQ-155)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files as files_of
from pathlib import Path
from typing import TYPE_CHECKING

from inversion_table.chooser import PACKS
from itable.errors import InputError, MismatchError
from itable.firmware import package_files

if TYPE_CHECKING:
    from itable.compact.names import NameMap
    from itable.link.client import Client
    from itable.link.models import FirmwareGet

NAMES_MOST = 6
"""So many meanings of one short name are told: more help nobody."""
_TRACE = re.compile(r'File "[^"]+", line \d+')
_ERROR = re.compile(r"^\s*(\w+\.)*[A-Za-z]\w*(Error|Exception|Interrupt|Iteration|Exit)\b", re.M)
_QUOTED = re.compile(r"'([A-Za-z_]\w*)'")


@dataclass(frozen=True)
class Crash:
    """What went wrong: where it was found, in words; the build that it is of, "" not known.

    short: whether it may have the short names of a Pico's build.
    """

    found: str
    text: str
    build: str = ""
    short: bool = True


def given(text: str, where: str) -> Crash:
    """What somebody has pasted or kept; raises InputError when there is no crash in it."""
    if not _TRACE.search(text) and not _ERROR.search(text):
        raise InputError(
            "there is no crash in this text",
            where=where,
            next_step="give what the table printed, from `Traceback` to the name of the error",
        )
    return Crash(where, text.strip("\r\n").replace("\r\n", "\n"))


def kept(client: "Client") -> tuple["FirmwareGet", list[Crash]]:
    """What a table tells: its firmware; the last error since its start, and a start given up."""
    from itable.deploy import compiling

    device, firmware = client.get_device(), client.get_firmware()
    found = []
    made_small = compiling.is_small(firmware.mpy)
    if device.errors:
        times = "once" if device.errors == 1 else f"{device.errors} times"
        says = f"an error in the program, {times} since its start; the last"
        short = made_small and firmware.slot in PACKS
        found.append(Crash(says, device.error, firmware.build, short))
    if firmware.fell:
        slot, build, why = (str(firmware.fell.get(key, "")) for key in ("slot", "build", "why"))
        short = made_small and slot in PACKS
        found.append(Crash(f"the firmware in slot {slot}, given up", why, build, short))
    return firmware, found


def names_of(folder: Path) -> "NameMap":
    """What the names on a Pico were in the sources at `folder`; takes some seconds."""
    from itable.compact import with_names
    from itable.deploy.cells import without_offset
    from itable.words import words

    entry = (files_of("inversion_table") / "chooser.py").read_text()
    return with_names(words(without_offset(package_files(folder))), [entry])[1]


def build_of(folder: Path, mpy: int) -> str:
    """The build that the sources at `folder` make for a table; "" where that cannot be told.

    Takes some seconds more, for it is made once again. mpy: its sys.implementation._mpy.
    """
    from itable.deploy.pack import make

    try:
        return make(folder, mpy).build
    except MismatchError:
        return ""  # another mpy-cross than the one that made it


def readable(text: str, names: "NameMap") -> str:
    """The text, with what each name in it may be: those of functions, and quoted ones."""
    from itable.compact import readable as with_functions

    of_objects = _before([names.attributes])
    anywhere = _before([names.attributes, *names.globals.values()])

    def told(line: str) -> str:
        before = of_objects if "attribute" in line else anywhere

        def known(match: re.Match[str]) -> str:
            meant = before.get(match[1], [])
            if not meant:
                return match[0]
            more = f" or {len(meant) - NAMES_MOST} more" if len(meant) > NAMES_MOST else ""
            return f"{match[0]} ({' or '.join(meant[:NAMES_MOST])}{more})"

        return line if _TRACE.search(line) else _QUOTED.sub(known, line)

    return "\n".join(told(line) for line in with_functions(text, names).split("\n"))


def _before(renamed: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """New name -> what it may have been, in the order of the alphabet."""
    found: dict[str, set[str]] = {}
    for names in renamed:
        for old, new in names.items():
            found.setdefault(new, set()).add(old)
    return {new: sorted(olds) for new, olds in found.items()}
