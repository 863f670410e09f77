"""The session that a command is about: from the store, or from a file of raw pages."""

from dataclasses import dataclass
from pathlib import Path

from itable.errors import InputError
from itable.files import read_whole
from itable.log.about import About
from itable.log.decode import SessionLog, decode

SUFFIX = ".itlog"


@dataclass(frozen=True)
class Source:
    """A session with its pages: `where` it is for people, `base` the name of files made of it."""

    where: str
    base: Path
    data: bytes
    about: About
    log: SessionLog


def from_file(path: Path) -> Source:
    """A file of raw pages; raises InputError."""
    data = read_whole(path, "the log")
    log = decode(data)
    if not log.page_count:
        raise InputError(
            "there is no session in this file",
            where=str(path),
            next_step="give a file that `itable log export --raw` wrote",
        )
    return Source(str(path), path.with_suffix(""), data, About(), log)


def from_store(words: str, store_name: str | None) -> Source:
    """A kept session by `7`, `DEVICE/7` or `@12`; raises InputError, StoreError."""
    from itable.store.sessions import Sessions

    with Sessions(store_name) as store:
        row_id = store.find(words)
        data, about = store.raw(row_id)
    log = decode(data)
    base = Path(f"session-{log.session:05d}")
    return Source(f"{about.device}/{log.session} (@{row_id})", base, data, about, log)


def is_file(words: str) -> bool:
    """Whether a file is meant: it exists, or it is written like one."""
    return Path(words).is_file() or words.endswith(SUFFIX) or words.startswith((".", "/"))
