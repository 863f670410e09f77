"""`itable calibrate`: the guided walk at the table, six positions on a bench, and the way back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itable.errors import CalibrationFailedError, InputError
from itable.options import Json, Port
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.calibrate.walk import Outcome, PortLink, View


def calibrate(
    port: Port = None,
    level: Annotated[
        float | None,
        typer.Option("--level-deg", metavar="DEG", help="Measured tilt of the level bed."),
    ] = None,
    home: Annotated[
        float | None,
        typer.Option("--home-deg", metavar="DEG", help="Measured tilt at home, as in -75.2."),
    ] = None,
    six: Annotated[
        bool, typer.Option("--six", help="Six positions of the boards in hand, on a bench.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Use the calibration before the present one again.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: level is --level-deg (0); store it.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=5, metavar="S", help="How long one rest may take to come.")
    ] = 300.0,
    json: Json = False,
) -> None:
    """Calibrate both tilt sensors: level, home and two more rests, reached with the jog buttons.

    Nobody may lie on the bed. The tool moves nothing, and stores nothing before you agree.
    """
    from itable.calibrate.walk import PortLink, Walk
    from itable.link import ports

    if not yes and not undo and not sys.stdin.isatty():
        raise InputError(
            "calibrate asks questions, and there is no terminal to answer them",
            next_step="run it in a terminal, or with --yes and --level-deg",
        )
    person = _Terminal(level=level, home=home, yes=yes, quiet=json)
    with _link(PortLink(lambda: ports.connect(port))) as link, person:
        if undo:
            _undo(link, person, as_json=json)
            return
        device = link.client.hello().device
        if six:
            _six(link, person, device, patience, as_json=json)
            return
        from itable.calibrate.six import load_six

        priors = load_six(device)
        if priors:
            person.say("starting from the six positions that were taken of these boards")
        person.say("Nobody on the bed. The bed moves only while you hold a button.")
        walk = Walk(link, person, patience_s=patience, priors=priors)
        outcome = walk.run()
        person.done()
        if not json:
            from itable.screen.calibration import result

            out().print(result(outcome))
        if not person.agrees("Store this calibration on the table?"):
            raise CalibrationFailedError(
                "not stored; the table still has what it had",
                next_step="`itable settings show` tells what that is",
            )
        walk.store(outcome)
    if json:
        print_json(_as_json(outcome, link))
    else:
        out().print(
            f"stored as version {outcome.version}; after its restart the table reads"
            f" {outcome.home_deg:.1f}° at home".replace("-", "−")
        )


@contextmanager
def _link(link: "PortLink") -> Iterator["PortLink"]:
    try:
        yield link
    finally:
        link.close()


def _undo(link: "PortLink", person: "_Terminal", *, as_json: bool) -> None:
    """Store the calibration before once more, as the newest."""
    from itable.calibrate.walk import Walk

    previous = link.client.get_calibration().previous
    if previous is None:
        raise CalibrationFailedError(
            "the table keeps no calibration but the present one",
            next_step="run `itable calibrate`",
        )
    if not person.agrees(f"Use version {previous.get('version')} again?"):
        raise CalibrationFailedError("nothing was changed")
    version = Walk(link, person).put_back(previous)
    if as_json:
        print_json({"port": link.client.name, "version": version})
    else:
        out().print(f"stored as version {version}")


def _six(
    link: "PortLink", person: "_Terminal", device: str, patience: float, *, as_json: bool
) -> None:
    """Take six positions and keep what they tell on this computer, for the next walk."""
    from itable.calibrate.six import SixPositions, save_six
    from itable.calibrate.solver import Implausible

    try:
        priors = SixPositions(link, person, patience_s=patience).run_six()
    except Implausible as error:
        raise CalibrationFailedError(
            str(error), next_step="take the six positions again, holding each still for 8 s"
        ) from error
    person.done()
    path = save_six(device, priors)
    if as_json:
        values = {
            role: {"bias_g": prior.bias_g, "scale": prior.scale} for role, prior in priors.items()
        }
        print_json({"port": link.client.name, "device": device, "file": str(path), **values})
        return
    for role, prior in priors.items():
        offsets = ", ".join(f"{value * 1000:.1f}" for value in prior.bias_g)
        out().print(f"{role}: offsets {offsets} mg".replace("-", "−"))
    out().print("Screw the boards to the bed, then run `itable calibrate`.")


def _as_json(outcome: "Outcome", link: "PortLink") -> dict[str, Any]:
    return {
        "port": link.client.name,
        "version": outcome.version,
        "home_deg": outcome.home_deg,
        "misfit": outcome.fit.misfit,
        "rests": [
            {
                "name": rest.name,
                "tilt_deg": outcome.fit.tilts_deg[at],
                "before_deg": {role: tilts[at] for role, tilts in outcome.before_deg.items()},
                "after_deg": {
                    role: sensor.tilts_deg[at] for role, sensor in outcome.fit.sensors.items()
                },
            }
            for at, rest in enumerate(outcome.rests)
        ],
        "calibration": outcome.record,
    }


class _Terminal:
    """Asks and shows in a terminal; with `yes` it answers itself, with `quiet` it says nothing."""

    def __init__(self, *, level: float | None, home: float | None, yes: bool, quiet: bool) -> None:
        self._level = level
        self._home = home
        self._yes = yes
        self._quiet = quiet
        self._live: Any = None
        self._step = 0

    def __enter__(self) -> "_Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def say(self, text: str) -> None:
        """Tell something that stays on the screen."""
        if not self._quiet:
            self.done()
            out().print(text, highlight=False)

    def show(self, view: "View") -> None:
        """Refresh the live display; without a terminal, each step is told once."""
        if self._quiet:
            return
        if not out().is_terminal:
            if view.step != self._step:
                out().print(f"step {view.step} of {view.steps}: {view.ask}")
            self._step = view.step
            return
        from rich.live import Live

        from itable.screen.calibration import walk

        if self._live is None:
            self._live = Live(console=out(), auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(walk(view), refresh=True)

    def done(self) -> None:
        """Take the live display away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def angle(self, question: str, default: float | None) -> float | None:
        """A measured angle: from the options, else asked for; an empty answer is the default."""
        given = self._home if default is None else self._level
        if given is not None or self._yes:
            return default if given is None else given
        self.done()
        while True:
            shown = "Enter: not measured" if default is None else f"Enter: {default:g}"
            text = typer.prompt(f"{question} ({shown})", default="", show_default=False).strip()
            try:
                return float(text.replace("−", "-").replace(",", ".")) if text else default
            except ValueError:
                out().print(f"'{text}' is no number of degrees")

    def agrees(self, question: str) -> bool:
        """Yes or no."""
        self.done()
        return self._yes or typer.confirm(question)
