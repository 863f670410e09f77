"""The console script: answers `--version` at once, hands all else to the application."""

import os
import sys

from itable import __version__, exits


def main() -> None:
    """Run itable with the arguments of this process; ends the process with an exit code."""
    try:
        code = _run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = exits.INTERRUPTED
    except OSError as error:  # what a command writes to files it reports itself
        code = _lost_output(error)
    if code:
        sys.exit(code)


def _run() -> int:
    if sys.argv[1:] == ["--version"]:
        # Importing the commands takes longer than saying this.
        sys.stdout.write(f"itable {__version__}\n")
        return exits.OK
    from itable.app import app

    try:
        app(prog_name="itable")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # what Typer makes of it
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else exits.OK
    return exits.OK


def _lost_output(error: OSError) -> int:
    """The exit code when standard output takes no more: nobody reads it, or the disk is full."""
    if sys.stdout is not None:  # what is left in it cannot go anywhere either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return exits.READER_GONE
    from itable.errors import InputError
    from itable.output import print_error

    if {"-v", "--verbose"} & set(sys.argv[1:]):
        import traceback

        traceback.print_exc()
    told = InputError(
        f"cannot write: {error.strerror or error}",
        where=error.filename or "standard output",
        next_step="make room, or write to another place",
    )
    print_error(told, as_json=False)
    return told.exit_code
