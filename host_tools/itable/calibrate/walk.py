"""The guided walk: what the person at the table does, what is captured, and what comes of it.

The tool never moves the table: a person's finger on the jog buttons does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from inversion_table.estimation.table_calibration import FULL
from inversion_table.safety import limits
from itable.calibrate.capture import APART_MIN_DEG, Capture, apart_deg
from itable.calibrate.mounts import ASKEW_MAX_DEG
from itable.calibrate.record import calibration_of, first_guess, fitted, tilt_by
from itable.calibrate.solver import ROLES, Fit, Implausible, Rest, fit
from itable.errors import CalibrationFailedError, ItableError, LinkError, NoDeviceError
from itable.link.client import Client
from itable.link.models import ImuRest, Status

HOME_DEG = limits.HOME_TILT_MDEG / 1000
HOME_SIGMA_DEG = 1.5
"""Nobody measured it: where a home switch sits, about."""
MEASURED_SIGMA_DEG = 0.15
"""What a phone or a bubble on the bed is good for."""
LEVEL_MAX_DEG = 10.0
SPREAD_MIN_DEG = 60.0
MISFIT_MAX = 4.0
RESIDUAL_MAX_DEG = 1.5
HOME_OFF_MAX_DEG = 2.0
HOME_MOVED_MAX_DEG = 0.7
_LOST_S = 20.0
_MOVED_G = 0.0035
_RESTART_MAX_S = 60.0
# What a table that does not know its boards yet may stumble over on the way.
_TILT_FAULTS = ("IMU_DISAGREE", "TILT_LOST", "HOME_DRIFT", "HOME_SWITCH_STUCK", "OVER_TILT")


@dataclass(frozen=True)
class Target:
    """A rest that the walk asks for."""

    name: str
    tilt_deg: float
    ask: str
    level: bool = False


TARGETS = (
    Target(
        "first",
        -50,
        "hold JOG DOWN until the bed is at about −50°, then let go (after 20 s, press anew)",
    ),
    Target("second", -25, "hold JOG DOWN until about −25°, then let go"),
    Target(
        "level",
        0,
        "bring the bed level with JOG DOWN and JOG UP, by a bubble or a phone laid on it",
        level=True,
    ),
    Target("head-down", 20, "hold JOG DOWN until about 20° head-down, then let go"),
)
HOME_AGAIN = "press RETURN: the bed goes home"


@dataclass
class View:
    """What a live display shows."""

    step: int
    steps: int
    ask: str
    status: Status
    windows: ImuRest
    progress: float
    why_not: str


class Person(Protocol):
    """Whoever reads and answers: a terminal, or nobody."""

    def say(self, text: str) -> None:
        """Tell something that stays on the screen."""

    def show(self, view: View) -> None:
        """Refresh the live display."""

    def angle(self, question: str, default: float | None) -> float | None:
        """A measured angle in deg; None: not measured."""

    def agrees(self, question: str) -> bool:
        """Yes or no."""


class Link(Protocol):
    """A client that can be had anew after the table has restarted."""

    @property
    def client(self) -> Client:
        """The open one."""

    def reopen(self) -> None:
        """Close, and try to open; raises LinkError or NoDeviceError while the table is away."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def now(self) -> float:
        """Seconds of some clock."""


@dataclass
class Outcome:
    """Everything that was found."""

    rests: list[Rest]
    fit: Fit
    before_deg: dict[str, list[float]]
    """By the calibration that was in use, at each rest."""
    record: dict[str, Any]
    version: int | None = None
    home_deg: float | None = None
    """What the table reads at home after the restart."""


@dataclass
class Walk:
    """One calibration, from a bed at home to a bed at home."""

    link: Link
    person: Person
    targets: tuple[Target, ...] = TARGETS
    patience_s: float = 300.0
    """How long one rest may take to come."""
    poll_s: float = 0.25
    priors: Any = None
    rests: list[Rest] = field(default_factory=list)
    _stored_rests: int = 0

    def run(self) -> Outcome:
        """Capture all rests and fit them; nothing of it is stored yet. Raises ItableError."""
        status = self.link.client.status()
        if not status.inputs.get("home_switch"):
            raise CalibrationFailedError(
                "the bed is not at home",
                next_step="press RETURN, wait until it is home, then start again",
            )
        before = self.link.client.get_calibration().current
        home = self._capture(1, Target("home", HOME_DEG, "leave the bed at home, nobody on it"))
        measured = self.person.angle(
            "Angle that a phone shows on the bed now, at home, head-up negative", None
        )
        self.rests = [_known(home, HOME_DEG, HOME_SIGMA_DEG)]
        if measured is not None:
            self.rests = [_known(home, measured, MEASURED_SIGMA_DEG)]
        self._first_guess(before)
        for number, target in enumerate(self.targets, 2):
            rest = self._capture(number, target)
            while target.level:
                rest = self._level(rest)
                if self._still_there(rest):
                    break
                self.person.say("the bed moved meanwhile: level it once more")
                rest = self._capture(number, target)
            self.rests.append(rest)
            self.person.say(f"{target.name}: captured")
        last = Target("home again", HOME_DEG, HOME_AGAIN)
        again = self._capture(len(self.targets) + 2, last, at_home=True)
        moved_deg = apart_deg(self.rests[0], again)
        if moved_deg > HOME_MOVED_MAX_DEG:
            raise CalibrationFailedError(
                f"home read {moved_deg:.1f}° differently after the walk than before it",
                next_step="see that both boards sit tight and the bed reaches its home; then again",
            )
        self.rests.append(again)
        return self._solve(before)

    def store(self, outcome: Outcome) -> None:
        """Let the table keep it, wait until it has restarted, and look at what it reads then."""
        outcome.version = self._put(outcome.record)
        status = self._until_home()
        outcome.home_deg = status.tilt_mdeg / 1000
        home_deg = outcome.record["home_mdeg"] / 1000
        if status.state != "HOME" or abs(outcome.home_deg - home_deg) > 1.0:
            raise CalibrationFailedError(
                f"after the restart the table reads {outcome.home_deg:.1f}° at home, not"
                f" {home_deg:.1f}° ({status.state}, {status.fault})",
                next_step="`itable calibrate --undo` brings the calibration before it back",
            )

    def put_back(self, record: dict[str, Any]) -> int:
        """Store a record that the table had before; it checks it against its home as any other."""
        version = self._put(record)
        self._until_home()
        return version

    # --- captures ----------------------------------------------------------------------------

    def _capture(self, number: int, target: Target, *, at_home: bool = False) -> Rest:
        """Wait for a rest that is far enough from those before. Raises ItableError."""
        capture = Capture()
        begun_s = self.link.now()
        lost_s = None
        steps = len(self.targets) + 2
        while True:
            now_s = self.link.now()
            status = self.link.client.status()
            windows = self.link.client.rest()
            if self._should_learn(status):
                self._learn()
                capture = Capture()
                continue
            capture.feed(windows)
            rest = capture.rest(target.name)
            why_not = capture.why_not
            if rest is not None:
                why_not = self._unfit(rest, status, at_home)
                if not why_not:
                    return rest
            ask = target.ask
            if status.fault != "NO_FAULT":
                why_not = f"{status.fault_patient} ({status.fault})"
            self.person.show(View(number, steps, ask, status, windows, capture.progress(), why_not))
            lost = [
                role
                for role, window in (("primary", windows.primary), ("monitor", windows.monitor))
                if window.verdict == "lost"
            ]
            lost_s = (lost_s or now_s) if lost else None
            if lost_s is not None and now_s - lost_s > _LOST_S:
                raise CalibrationFailedError(
                    f"no readings from the {' and the '.join(lost)} IMU",
                    next_step="check its plug and cable (docs/hardware.md), then start again",
                )
            if now_s - begun_s > self.patience_s:
                raise CalibrationFailedError(
                    f"no rest came for the step '{target.name}'"
                    + (f": {why_not}" if why_not else ""),
                    next_step="start again; what was captured so far is forgotten",
                )
            self.link.wait(self.poll_s)

    def _unfit(self, rest: Rest, status: Status, at_home: bool) -> str:
        """Why a rest that was captured is not the wanted one; "" when it is."""
        switch = bool(status.inputs.get("home_switch"))
        if at_home:
            if not switch or status.inputs.get("relay_closed"):
                return "not at home yet"
            return ""
        if self.rests and switch:
            return "still at home"
        nearest = min((apart_deg(rest, other) for other in self.rests), default=180.0)
        if nearest < APART_MIN_DEG:
            return f"too near to a rest before ({nearest:.0f}°, at least {APART_MIN_DEG:.0f}°)"
        return ""

    def _level(self, rest: Rest) -> Rest:
        """Ask what the bubble or the phone says of this very rest."""
        while True:
            angle = self.person.angle(
                "Angle that the phone shows on the bed now, head-down positive (level: 0)", 0.0
            )
            angle = 0.0 if angle is None else angle
            if abs(angle) <= LEVEL_MAX_DEG:
                return _known(rest, angle, MEASURED_SIGMA_DEG)
            self.person.say(f"{angle:g}° is not level: at most {LEVEL_MAX_DEG:g}° to either side")

    def _still_there(self, rest: Rest) -> bool:
        """Whether the bed stands where it stood at `rest`, to 0.2 deg, as far as noise tells."""
        window = self.link.client.rest().primary
        off_g = max(
            abs(mean * 1e-6 - then)
            for mean, then in zip(window.mean, rest.force_g["primary"], strict=False)
        )
        return window.verdict == "still" and off_g < _MOVED_G

    # --- what a table needs before it can be jogged --------------------------------------------

    def _first_guess(self, current: dict[str, Any] | None) -> None:
        """Store a guess from home alone, if what the table has does not even fit its home."""
        home = self.rests[0]
        home_deg = home.tilt_deg if home.tilt_deg is not None else HOME_DEG
        off_deg = max(
            abs(tilt_by(calibration_of(current, role), home.force_g[role]) - home_deg)
            for role in ROLES
        )
        if current is not None and off_deg <= HOME_OFF_MAX_DEG:
            return
        record, askew_deg = first_guess(home, home_deg)
        worst = max(askew_deg, key=lambda role: askew_deg[role])
        if askew_deg[worst] > ASKEW_MAX_DEG:
            self.person.say(
                f"the {worst} board sits {askew_deg[worst]:.0f}° askew: the table may refuse to be"
                " jogged; then move the bed by its hand crank, captures work all the same"
            )
        self._keep(record, "a first guess from home, so that the table can be jogged")

    def _should_learn(self, status: Status) -> bool:
        """The table stumbled over its uncalibrated boards, and is home; there is more to go by."""
        last = status.last_fault
        return (
            last is not None
            and last.name in _TILT_FAULTS
            and bool(status.inputs.get("home_switch"))
            and not status.inputs.get("relay_closed")
            and status.state in ("HOME", "FAULT")
            and len(self.rests) > max(1, self._stored_rests)
        )

    def _learn(self) -> None:
        """Store what the rests so far tell, so that the walk can go on."""
        self.person.say("the table came home because its boards differ too much: it learns now")
        try:
            record = fitted(fit(self.rests), "first guess")
        except Implausible as error:
            raise _implausible(error) from error
        self._keep(record, "what the rests so far tell")

    def _keep(self, record: dict[str, Any], what: str) -> None:
        self._stored_rests = len(self.rests)
        self.person.say(f"storing {what}; the table restarts")
        self._put(record)
        status = self._until_home()
        if status.fault != "NO_FAULT":
            self.person.say(
                f"the table says: {status.fault_patient} ({status.fault}). If it refuses to be"
                " jogged, move the bed by its hand crank"
            )

    def _put(self, record: dict[str, Any]) -> int:
        """Store; a bed that is not quite still is asked again for a while. Raises ItableError."""
        end_s = self.link.now() + 15.0
        asked_again = False
        while True:
            try:
                return self.link.client.put_calibration(record).version
            except LinkError:  # the table's restart may cut off the reply; it knows a record again
                if asked_again:
                    raise
                asked_again = True
                self._until_home()
            except ItableError as error:
                if "not at rest" not in error.what or self.link.now() > end_s:
                    raise
            self.link.wait(1.0)

    def _until_home(self) -> Status:
        """The table after its restart; raises LinkError when it does not come back."""
        end_s = self.link.now() + _RESTART_MAX_S
        self.link.wait(1.0)
        status = None
        while self.link.now() < end_s:
            try:
                self.link.reopen()
                status = self.link.client.status()
            except (LinkError, NoDeviceError):
                self.link.wait(0.5)
                continue
            if status.state == "HOME" or (status.state != "SELF_TEST" and status.uptime_ms > 8_000):
                return status
            self.link.wait(0.5)
        if status is not None:
            return status
        raise LinkError(
            "the table did not come back after its restart",
            next_step="switch it off and on; `itable settings show` tells what it kept",
        )

    # --- the answer ----------------------------------------------------------------------------

    def _solve(self, before: dict[str, Any] | None) -> Outcome:
        try:
            answer = fit(self.rests, self.priors) if self.priors else fit(self.rests)
            judge(answer)
            record = fitted(answer, FULL)
        except Implausible as error:
            raise _implausible(error) from error
        old = {role: calibration_of(before, role) for role in ROLES}
        return Outcome(
            self.rests,
            answer,
            {
                role: [tilt_by(old[role], rest.force_g[role]) for rest in self.rests]
                for role in ROLES
            },
            record,
        )


def judge(answer: Fit) -> None:
    """Raise Implausible for a fit that nobody should lie on."""
    spread_deg = max(answer.tilts_deg) - min(answer.tilts_deg)
    if spread_deg < SPREAD_MIN_DEG:
        raise Implausible(
            f"the rests span {spread_deg:.0f}° only: they must span {SPREAD_MIN_DEG:.0f}°"
        )
    if answer.misfit > MISFIT_MAX:
        raise Implausible(
            f"the rests contradict each other ({answer.misfit:.1f} times what noise explains):"
            " a board moved, the bed was not still, or a measured angle is wrong"
        )
    home_off_deg = answer.tilts_deg[0] - HOME_DEG
    if abs(home_off_deg) * 1000 > limits.HOME_TOLERANCE_MDEG:
        raise Implausible(
            f"home comes out at {answer.tilts_deg[0]:.1f}°, it must be within"
            f" {limits.HOME_TOLERANCE_MDEG / 1000:g}° of {HOME_DEG:g}°: level and home do not go"
            " together"
        )
    for sensor in answer.sensors.values():
        if sensor.residual_deg > RESIDUAL_MAX_DEG:
            raise Implausible(
                f"the {sensor.role} IMU stays uncertain by {sensor.residual_deg:.1f}°:"
                " more rests, further apart, are needed"
            )


def _implausible(error: Implausible) -> CalibrationFailedError:
    return CalibrationFailedError(
        f"no calibration came of it: {error}",
        next_step="see that both boards sit tight, let the bed stand still at each rest, measure"
        " level anew, and start again; the table still has the calibration before",
    )


def _known(rest: Rest, tilt_deg: float, sigma_deg: float) -> Rest:
    return replace(rest, tilt_deg=tilt_deg, tilt_sigma_deg=sigma_deg)


class PortLink:
    """A link over a port: the same port is opened again after a restart."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client = connect()

    @property
    def client(self) -> Client:
        """The open one."""
        return self._client

    def reopen(self) -> None:
        """Close and open; raises LinkError or NoDeviceError while the table is away."""
        self._client.close()
        self._client = self._connect()

    def close(self) -> None:
        """Give the port back."""
        self._client.close()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def now(self) -> float:
        """Seconds."""
        return time.monotonic()
