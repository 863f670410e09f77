"""The firmware that this version of itable belongs to, as files for a device."""

import re
from importlib.util import find_spec
from pathlib import Path

from inversion_table.contract import manifest
from itable.errors import InputError

PACKAGE = "inversion_table"


def package_files(folder: Path) -> list[tuple[str, bytes]]:
    """(path as in the manifest, content) of every file of the package at `folder`."""
    return [
        (f"{PACKAGE}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        for path in sorted(folder.rglob("*.py"))
    ]


def package_folder() -> Path | None:
    """Where the firmware's package lies on this computer; None where it is not installed."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))).resolve() if places else None


def source_folder(folder: Path | None) -> Path:
    """The folder that was named, or that of this itable; raises InputError without a firmware."""
    place = folder or package_folder()
    if place is None or not (place / "__init__.py").is_file():
        raise InputError(
            "there are no firmware files",
            where=str(place or "this installation"),
            next_step="name the folder inversion_table of the firmware: --from FOLDER",
        )
    return place


def manifest_of(folder: Path) -> bytes:
    """What the device checks its program against (inversion_table.contract.manifest)."""
    return manifest.build(package_files(folder))


def version_in(folder: Path) -> str:
    """The version that the package at `folder` says of itself; "" when it says none."""
    found = re.search(r'^VERSION = "([^"]+)"$', (folder / "__init__.py").read_text("utf-8"), re.M)
    return found.group(1) if found else ""
