"""The emulator's C, compiled for this very interpreter: five times faster than the wheel's.

The wheel of rp2040py for Python 3.11 and later is built for every later Python at once, which makes
each access to an object's fields a call. Its C sources lie in the wheel; with a C compiler and
Python's headers they are compiled once, into the user's cache, and found before the wheel's own.
"""

from __future__ import annotations

import fcntl
import importlib.util
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import platformdirs

CACHE = platformdirs.user_cache_path("inversion-table-bench")
"""What is costly to make and can be made again."""

_PACKAGE = "rp2040py.native"
_FLAGS = ("-O2", "-fPIC", "-shared", "-w")


class _Finder:
    """Finds the compiled modules of `_PACKAGE` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = name.rpartition(".")
        file = self._folder / _file_name(module)
        if package != _PACKAGE or not file.exists():
            return None
        return importlib.util.spec_from_file_location(name, file)


def use() -> bool:
    """Let `import rp2040py` find the fast modules; False if they cannot be made here.

    To be called before rp2040py is imported for the first time; later it has no effect.
    """
    if any(name.startswith(_PACKAGE) for name in sys.modules):
        return any(isinstance(finder, _Finder) for finder in sys.meta_path)
    folder = _folder()
    if not folder.exists() and not _compile(folder):
        return False
    sys.meta_path.insert(0, _Finder(folder))
    return True


def _folder() -> Path:
    tag = f"{sys.implementation.cache_tag}-{platform.machine()}"
    return CACHE / f"rp2040py-{version('rp2040py')}-{tag}"


def _file_name(module: str) -> str:
    return module + str(sysconfig.get_config_var("EXT_SUFFIX"))


def _compile(folder: Path) -> bool:
    """Make `folder` whole or not at all; other processes that want it too wait."""
    compiler = shutil.which("cc")
    sources = _sources()
    if compiler is None or not sources:
        warnings.warn(
            "no C compiler (cc) here: the emulated chip runs about five times slower", stacklevel=3
        )
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return True
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            whole = Path(made) / "modules"
            whole.mkdir()
            for source in sources:
                result = subprocess.run(
                    [
                        compiler,
                        *_FLAGS,
                        f"-I{sysconfig.get_path('include')}",
                        str(source),
                        "-o",
                        str(whole / _file_name(source.stem)),
                    ],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if result.returncode:
                    warnings.warn(
                        "the emulator's C does not compile here, so the emulated chip runs about "
                        f"five times slower. {compiler} said: {result.stderr.strip()[:500]}",
                        stacklevel=3,
                    )
                    return False
            whole.replace(folder)
    return True


def _sources() -> list[Path]:
    spec = importlib.util.find_spec("rp2040py")
    places = spec.submodule_search_locations if spec is not None else None
    return sorted(Path(next(iter(places)), "native").glob("*.c")) if places else []
