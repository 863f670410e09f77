"""Pulled sessions on disk: where each lies, what is known of it besides its bytes, finding it."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from itable.errors import InputError
from itable.files import read_whole, write_whole
from itable.folders import logs_folder

SUFFIX = ".itlog"
_NAME = re.compile(r"session-(\d{5,})\.itlog")


@dataclass(frozen=True)
class About:
    """What the log itself does not carry: the device's name and settings when it was pulled."""

    device: str = ""
    settings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """A pulled session: its file, its bytes, and what is known of it."""

    path: Path
    data: bytes
    about: About


def session_path(folder: Path, device: str, session: int) -> Path:
    """Where a device's session lies below `folder`."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", device) or "table"
    return folder / safe / f"session-{session:05d}{SUFFIX}"


def write_about(path: Path, about: About) -> None:
    """Keep what is known besides the bytes next to the log at `path`."""
    text = json.dumps(asdict(about), indent=2, sort_keys=True) + "\n"
    write_whole(path.with_suffix(".json"), text.encode())


def load(path: Path) -> Stored:
    """A pulled log; raises InputError when there is none at `path`."""
    return Stored(path, read_whole(path, "the log"), _read_about(path.with_suffix(".json")))


def find(name: str, folder: Path | None = None) -> Path:
    """The file that `name` means: a path, or the number of a session that was pulled before.

    Raises InputError for a number that was never pulled, or was pulled from several tables.
    """
    path = Path(name)
    if path.exists() or not name.isascii() or not name.isdigit():
        return path
    root = folder or logs_folder()
    found = sorted(
        candidate
        for candidate in root.glob(f"*/session-*{SUFFIX}")
        if (match := _NAME.fullmatch(candidate.name)) and int(match[1]) == int(name)
    )
    if not found:
        raise InputError(
            f"session {name} was not pulled yet",
            where=str(root),
            next_step=f"`itable log pull {name}`, or give a table: --port PORT",
        )
    if len(found) > 1:
        raise InputError(
            f"session {name} was pulled from {len(found)} tables",
            where="; ".join(str(candidate) for candidate in found),
            next_step="give the file instead of the number",
        )
    return found[0]


def _read_about(path: Path) -> About:
    """What is known of a log; nothing when its neighbour is absent or unreadable."""
    try:
        value = json.loads(path.read_text("utf-8"))
        settings = {
            str(name): number
            for name, number in dict(value["settings"]).items()
            if type(number) is int
        }
        return About(str(value["device"]), settings)
    except (OSError, ValueError, KeyError, TypeError):
        return About()
