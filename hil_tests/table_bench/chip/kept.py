"""What is costly to make and stays the same is kept in the user's cache, by what it depends on."""

from __future__ import annotations

import hashlib
import pickle
import sys
import tempfile
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import table_bench
from table_bench.chip.compiled import CACHE

_MOST = 12
"""Files of a kind; the oldest go."""


def path(kind: str, *depends_on: bytes | str) -> Path:
    """Where a thing of that kind lies: it depends on this, on the bench's code and the emulator."""
    digest = hashlib.sha256(f"{sys.version} {version('rp2040py')} {_CODE}".encode())
    for part in depends_on:
        content = part if isinstance(part, bytes) else part.encode()
        digest.update(b"%d:" % len(content) + content)
    return CACHE / kind / digest.hexdigest()[:32]


def load(place: Path) -> Any:
    """What was kept there; None if nothing was."""
    try:
        content = place.read_bytes()
        place.touch()
        return pickle.loads(zlib.decompress(content))
    except (OSError, zlib.error, pickle.UnpicklingError, EOFError):
        return None


def save(place: Path, value: Any) -> None:
    """Keep it, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
        file.write(zlib.compress(pickle.dumps(value), 1))
    Path(file.name).replace(place)
    by_age = sorted(place.parent.iterdir(), key=lambda kept: kept.stat().st_mtime)
    for old in by_age[:-_MOST]:
        old.unlink(missing_ok=True)


_PARTS = ("chip", "imu", "physics", "plant", "simulated")
"""What of the bench an emulated table is made of."""


def _code() -> str:
    digest = hashlib.sha256()
    bench = Path(next(iter(table_bench.__path__)))
    for part in _PARTS:
        for file in sorted((bench / part).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


_CODE = _code()
"""As it was when it was loaded: no state is kept under the name of code that was edited since."""
