"""Which processes have a port open, as far as /proc tells this user."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Holder:
    """A process with the port open."""

    pid: int
    name: str
    command: str

    @property
    def words(self) -> str:
        """As in "itable status --watch (process 4711)"."""
        return f"{self.command or self.name} (process {self.pid})"


def holders(port: str, without: set[int], proc: Path = PROC) -> tuple[list[Holder], bool]:
    """Processes that have `port` open, but for those `without`; and whether all could be seen.

    Another user's process does not tell what it has open, except to root.
    """
    wanted = Path(port).resolve()
    found = []
    all_seen = True
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        pid = int(folder.name)
        if pid in without:
            continue
        try:
            opened = any(_is(link, wanted) for link in (folder / "fd").iterdir())
        except PermissionError:
            all_seen = False
            continue
        except OSError:  # it has just ended
            continue
        if opened:
            found.append(Holder(pid, _text(folder / "comm"), " ".join(_words(folder / "cmdline"))))
    return found, all_seen


def _is(link: Path, wanted: Path) -> bool:
    try:
        return link.readlink() == wanted
    except OSError:
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return "?"


def _words(path: Path) -> Iterator[str]:
    """The command as it was typed, without the folder of its program and of its interpreter."""
    words = [word for word in _text(path).split("\0") if word]
    if len(words) > 1 and Path(words[0]).name.startswith("python") and not words[1].startswith("-"):
        words = words[1:]
    for number, word in enumerate(words[:6]):
        yield Path(word).name if number == 0 else word
