"""The console script: answers `--version` at once, hands all else to the application."""

import sys

from itable import __version__


def main() -> None:
    """Run itable with the arguments of this process; ends the process with an exit code."""
    if sys.argv[1:] == ["--version"]:
        # Importing the commands takes longer than saying this.
        sys.stdout.write(f"itable {__version__}\n")
        return
    from itable.app import app

    app(prog_name="itable")
