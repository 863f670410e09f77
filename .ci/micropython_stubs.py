"""Lay the installed MicroPython stubs out in a folder of their own, as a type checker needs them.

The stub packages install into site-packages, next to everything else, where mypy would take
CPython's modules and built-ins before theirs. Links in one folder let the firmware's check see
MicroPython's alone, in the version that is installed, with nothing downloaded twice.
"""

import importlib.metadata
import shutil
import sys
from pathlib import Path

DISTRIBUTIONS = ("micropython-rp2-stubs", "micropython-stdlib-stubs")


def lay_out(folder: Path) -> int:
    """Make `folder` anew with links to every stub file; returns how many.

    Raises importlib.metadata.PackageNotFoundError where a stub package is not installed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    count = 0
    for distribution in DISTRIBUTIONS:
        for file in importlib.metadata.files(distribution) or ():
            if file.suffix != ".pyi" and file.name != "VERSIONS":
                continue
            link = folder / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(str(file.locate())).resolve())
            count += 1
    return count


def main(arguments: list[str]) -> int:
    """Command line: the folder to make."""
    if len(arguments) != 1:
        print("usage: python .ci/micropython_stubs.py FOLDER", file=sys.stderr)
        return 2
    try:
        lay_out(Path(arguments[0]))
    except importlib.metadata.PackageNotFoundError as error:
        print(f"{error.name} is not installed: run `make setup`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
