"""The application: its groups of commands, its help, and where errors become exit codes."""

import errno
import traceback
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from itable import __version__, examples, exits
from itable.commands import (
    calibrate,
    config,
    demo,
    deploy,
    export,
    firmware,
    lock,
    log,
    outcome,
    patients,
    plan,
    programme,
    report,
    screen,
    settings,
    sim,
    status,
)
from itable.errors import InternalError, ItableError
from itable.output import print_error

_EPILOG = "Exit codes:\n\n" + "\n".join(
    f"- {code} {meaning}" for code, meaning in exits.MEANINGS.items()
)


class _Commands(TyperGroup):
    """The top group: the one place where an error is printed and turned into an exit code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _give_examples(self, "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and keep the words for errors that come before a command has read its own."""
        ctx.meta["arguments"] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors end with their text and exit code, not with a traceback."""
        try:
            return super().invoke(ctx)
        except ItableError as error:
            _stop(ctx, error)
        except KeyboardInterrupt:
            raise typer.Exit(exits.INTERRUPTED) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # `itable ... | head` has read enough
                raise
            _stop(ctx, _own_fault(error))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            _stop(ctx, _own_fault(error))


def _give_examples(group: Any, above: str) -> None:
    """Put the examples of each command below its help."""
    for name, command in group.commands.items():
        path = f"{above} {name}".strip()
        if hasattr(command, "commands"):
            _give_examples(command, path)
        else:
            command.epilog = examples.epilog(path)


def _stop(ctx: Any, error: ItableError) -> NoReturn:
    if ctx.params.get("verbose"):
        traceback.print_exc()
    print_error(error, as_json="--json" in ctx.meta.get("arguments", ()))
    raise typer.Exit(error.exit_code)


def _own_fault(error: Exception) -> InternalError:
    return InternalError(
        f"itable itself failed: {type(error).__name__}: {error}",
        next_step="run it again as `itable -v ...` and report what it prints",
    )


app = typer.Typer(
    cls=_Commands,
    name="itable",
    help="Prescribe, watch and read out a motorized inversion table.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.add_typer(plan.app, name="plan")
app.add_typer(log.app, name="log")
app.add_typer(settings.app, name="settings")
app.add_typer(lock.app, name="lock")
app.add_typer(firmware.app, name="firmware")
app.add_typer(config.app, name="config")
app.add_typer(programme.app, name="programme")
app.command("screen")(screen.screen)
app.command("patients")(patients.patients)
app.command("outcome")(outcome.outcome)
app.command("export")(export.export)
app.command("report")(report.report)
app.command("status")(status.status)
app.command("calibrate")(calibrate.calibrate)
app.command("deploy")(deploy.deploy)
app.command("sim")(sim.sim)
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"itable {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="With an error, print where it came from.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Prescribe, watch and read out a motorized inversion table."""
