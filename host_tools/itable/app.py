"""The application: its groups of commands, its help, and where errors become exit codes."""

import errno
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from itable import __version__, examples, exits
from itable.commands import (
    calibrate,
    config,
    demo,
    deploy,
    doctor,
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
    time,
)
from itable.errors import InternalError, ItableError, UsageError
from itable.output import print_error

_PANELS = _PATIENTS, _PLANS, _TABLE, _REST = (
    "Patients",
    "Plans and sessions",
    "The table",
    "Without a table",
)
_EPILOG = (
    "Examples:\n\n"
    + "\n".join(f"- {what}: `{line}`" for line, what in examples.FIRST.items())
    + "\n\nExit codes:\n\n"
    + "\n".join(f"- {code} {meaning}" for code, meaning in exits.MEANINGS.items())
)


_OWN_FAULTS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
_OUTPUT_LOST = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT)


class _Commands(TyperGroup):
    """The top group: the one place where an error is printed and turned into an exit code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _complete_help(self, "")
        place = {panel: at for at, panel in enumerate(_PANELS)}
        found: list[tuple[str, Any]] = list(self.commands.items())
        found.sort(key=lambda item: place.get(str(item[1].rich_help_panel), len(place)))
        self.commands = dict(found)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and keep the words for errors that come before a command has read its own."""
        ctx.meta["arguments"] = tuple(args)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            _stop_on_usage(ctx, error)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors end with their text and exit code, not with a traceback."""
        try:
            return super().invoke(ctx)
        except ItableError as error:
            _stop(ctx, error)
        except typer.TyperException as error:
            _stop_on_usage(ctx, error)
            raise
        except KeyboardInterrupt:
            raise typer.Exit(exits.INTERRUPTED) from None
        except OSError as error:
            if error.errno in _OUTPUT_LOST:  # the console script says so
                raise
            _stop(ctx, _own_fault(error))
        except _OWN_FAULTS as error:
            _stop(ctx, _own_fault(error))


def _complete_help(group: Any, above: str) -> None:
    """Put examples below the help of each command and group; what has no type shows none."""
    _name_no_type(group)
    for name, command in group.commands.items():
        path = f"{above} {name}".strip()
        if hasattr(command, "commands"):
            command.epilog = command.epilog or examples.epilog_of_group(path)
            _complete_help(command, path)
        else:
            command.epilog = examples.epilog(path)
            _name_no_type(command)


def _name_no_type(command: Any) -> None:
    """Let the help show flags and arguments as they are written: not as `--json <bool>`."""
    every = command.get_params

    def get_params(ctx: Any) -> list[Any]:
        params = every(ctx)
        for param in params:
            if getattr(param, "is_flag", False) or param.param_type_name == "argument":
                param.display_type_rich = lambda ctx: None
        return list(params)

    command.get_params = get_params


def _stop_on_usage(ctx: Any, error: typer.TyperException) -> None:
    """Where --json stands on a wrong command line, say what is wrong as JSON, too."""
    if "--json" in ctx.meta["arguments"]:
        told = UsageError(error.format_message(), next_step="add --help to see what is right")
        _stop(ctx, told)


def _stop(ctx: Any, error: ItableError) -> NoReturn:
    if ctx.params.get("verbose"):
        import traceback

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
app.command("screen", rich_help_panel=_PATIENTS)(screen.screen)
app.command("patients", rich_help_panel=_PATIENTS)(patients.patients)
app.add_typer(programme.app, name="programme", rich_help_panel=_PATIENTS)
app.command("outcome", rich_help_panel=_PATIENTS)(outcome.outcome)
app.command("report", rich_help_panel=_PATIENTS)(report.report)
app.command("export", rich_help_panel=_PATIENTS)(export.export)
app.add_typer(plan.app, name="plan", rich_help_panel=_PLANS)
app.add_typer(log.app, name="log", rich_help_panel=_PLANS)
app.command("status", rich_help_panel=_TABLE)(status.status)
app.command("doctor", rich_help_panel=_TABLE)(doctor.doctor)
app.add_typer(settings.app, name="settings", rich_help_panel=_TABLE)
app.add_typer(time.app, name="time", rich_help_panel=_TABLE)
app.command("calibrate", rich_help_panel=_TABLE)(calibrate.calibrate)
app.add_typer(lock.app, name="lock", rich_help_panel=_TABLE)
app.add_typer(firmware.app, name="firmware", rich_help_panel=_TABLE)
app.command("deploy", rich_help_panel=_TABLE)(deploy.deploy)
app.command("sim", rich_help_panel=_REST)(sim.sim)
app.command("demo", rich_help_panel=_REST)(demo.demo)
app.add_typer(config.app, name="config", rich_help_panel=_REST)


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
