"""Each detector: silent just below its bound for ever, at its bound after its stated time."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs
from tests.int31 import attributes_are_checked, wrap_attributes
from tests.safety.table import Reading

LONG_MS = 60_000


class Watched:
    """Monitors of a table that moves outward, evenly, with all well."""

    def __init__(self) -> None:
        self.monitors = Monitors()
        self.decision = Decision()
        self.decision.state = states.MOVING
        self.decision.power = True
        self.decision.duty_permille = 300
        self.estimate = Reading()
        self.estimate.tilt_mdeg = 20_000
        self.estimate.rate_mdeg_per_s = 2_750
        self.inputs = Inputs()
        self.inputs.estop_pressed = False
        self.inputs.end_reached = False
        self.inputs.ankle_locked = True
        self.inputs.supply_mv = 24_000
        self.inputs.current_ma = 1_200
        self.inputs.settings_ok = True
        self.inputs.program_ok = self.inputs.clocks_ok = True
        self.inputs.home_angle_ok = True
        self.inputs.settled = True
        self.now_ms = 0
        self.run(limits.SELF_TEST_MS + 1_000)
        assert self.monitors.active == faults.NO_FAULT
        assert self.monitors.tilt_trusted

    def tick(self, dt_ms: int = 10) -> int:
        self.now_ms = (self.now_ms + dt_ms) & ((1 << 30) - 1)
        self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        return self.monitors.active

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 10):
            self.tick()

    def time_to(self, code: int, within_ms: int) -> int:
        for count in range(within_ms // 10):
            if self.tick() == code:
                return count * 10 + 10
        return -1


Change = Callable[[Watched], None]


def change(**values: object) -> Change:
    """Sets fields such as estimate__tilt_mdeg."""

    def apply(watched: Watched) -> None:
        for path, value in values.items():
            part, name = path.split("__")
            assert hasattr(getattr(watched, part), name), path
            setattr(getattr(watched, part), name, value)

    return apply


NO_CHANGE = change()


@dataclass
class Detector:
    """What a fault looks like: at its bound, and as near to it as can be without being it."""

    code: int
    at: Change
    below: Change
    after_ms: int
    given: Change = NO_CHANGE
    latched: bool = False
    """It stays when its cause is gone; what ends it is tested by itself."""
    lasting: bool = True
    """False: a single reading is enough."""


HOME = change(estimate__tilt_mdeg=-75_000, inputs__home_switch=True, decision__at_home=True)
AT_REST = change(
    decision__power=False, decision__duty_permille=0, estimate__rate_mdeg_per_s=0,
    inputs__relay_closed=False, decision__state=states.HOME,
)  # fmt: skip
STANDING = change(decision__duty_permille=0, estimate__rate_mdeg_per_s=0)
HOMEWARD = change(decision__duty_permille=-300, estimate__rate_mdeg_per_s=-2_750)

DETECTORS = {
    "E-stop": Detector(
        faults.ESTOP_PRESSED, change(inputs__estop_pressed=True),
        change(inputs__estop_pressed=False), 10, lasting=False,
    ),
    "laptop": Detector(
        faults.HOST_STOP, change(inputs__host_stop=True), change(inputs__host_stop=False), 10,
        lasting=False,
    ),
    "outward end": Detector(
        faults.OUTWARD_END, change(inputs__end_reached=True),
        change(inputs__end_reached=False), 10, lasting=False,
    ),
    "settings": Detector(
        faults.SETTINGS_CORRUPT, change(inputs__settings_ok=False),
        change(inputs__settings_ok=True), 10, lasting=False,
    ),
    "button": Detector(
        faults.BUTTON_STUCK, change(inputs__button_stuck=True),
        change(inputs__button_stuck=False), 10, HOME, lasting=False,
    ),
    "button away from home": Detector(
        faults.BUTTON_STUCK, change(inputs__button_stuck=True, decision__at_home=True),
        change(inputs__button_stuck=True, decision__at_home=False), 10, lasting=False,
    ),
    "ankle lock": Detector(
        faults.ANKLE_LOCK_OPEN, change(inputs__ankle_locked=False),
        change(inputs__ankle_locked=True), limits.ANKLE_MS,
    ),
    "ankle lock at home": Detector(
        faults.ANKLE_LOCK_OPEN, change(inputs__ankle_locked=False, decision__at_home=False),
        change(inputs__ankle_locked=False, decision__at_home=True), limits.ANKLE_MS,
    ),
    "tilt invalid": Detector(
        faults.TILT_LOST, change(estimate__valid=False), change(estimate__valid=True),
        limits.ESTIMATE_AGE_MAX_MS,
    ),
    "tilt old": Detector(
        faults.TILT_LOST, change(estimate__age_ms=101), change(estimate__age_ms=100),
        limits.ESTIMATE_AGE_MAX_MS,
    ),
    "disagreement": Detector(
        faults.IMU_DISAGREE, change(estimate__disagreement_mdeg=4_001),
        change(estimate__disagreement_mdeg=4_000), limits.DISAGREEMENT_MS,
    ),
    "IMU rates disagree": Detector(
        faults.IMU_DISAGREE, change(estimate__rate_disagreement_mdeg_per_s=1_501),
        change(estimate__rate_disagreement_mdeg_per_s=1_500), limits.RATE_DISAGREEMENT_MS,
    ),
    "primary IMU": Detector(
        faults.IMU_PRIMARY_LOST, change(estimate__primary_ok=False),
        change(estimate__primary_ok=True), limits.IMU_LOST_MS,
    ),
    "monitor IMU": Detector(
        faults.IMU_MONITOR_LOST, change(estimate__monitor_ok=False),
        change(estimate__monitor_ok=True), limits.IMU_LOST_MS,
    ),
    "home switch closed away from home": Detector(
        faults.HOME_SWITCH_STUCK, change(estimate__tilt_mdeg=-70_999),
        change(estimate__tilt_mdeg=-71_000), limits.HOME_SWITCH_MS,
        change(inputs__home_switch=True), latched=True,
    ),
    "home switch open past home": Detector(
        faults.HOME_SWITCH_STUCK, change(estimate__tilt_mdeg=-78_001),
        change(estimate__tilt_mdeg=-78_000), limits.HOME_SWITCH_MS,
        change(inputs__home_switch=False), latched=True,
    ),
    "overspeed outward": Detector(
        faults.OVERSPEED, change(estimate__rate_mdeg_per_s=8_001),
        change(estimate__rate_mdeg_per_s=8_000), limits.OVERSPEED_MS,
    ),
    "overspeed homeward": Detector(
        faults.OVERSPEED, change(estimate__rate_mdeg_per_s=-8_001),
        change(estimate__rate_mdeg_per_s=-8_000), limits.OVERSPEED_MS, HOMEWARD,
    ),
    "relay welded": Detector(
        faults.RELAY_WELDED, change(inputs__relay_closed=True),
        change(inputs__relay_closed=False), 10, AT_REST, lasting=False,
    ),
    "relay dead": Detector(
        faults.RELAY_DEAD, change(inputs__relay_closed=False),
        change(inputs__relay_closed=True), 10, lasting=False,
    ),
    "over-current": Detector(
        faults.OVERCURRENT, change(inputs__current_ma=9_001), change(inputs__current_ma=9_000),
        limits.CURRENT_TRIP_MS,
    ),
    "supply low": Detector(
        faults.SUPPLY_LOW, change(inputs__supply_mv=18_999), change(inputs__supply_mv=19_000),
        limits.SUPPLY_LOW_MS,
    ),
    "supply dead": Detector(
        faults.SUPPLY_DEAD, change(inputs__supply_mv=13_999), change(inputs__supply_mv=24_000),
        limits.SUPPLY_LOW_MS,
    ),
    "stalled outward": Detector(
        faults.STALLED, change(estimate__rate_mdeg_per_s=149),
        change(estimate__rate_mdeg_per_s=150), limits.STALL_MS,
        change(decision__duty_permille=120),
    ),
    "stalled homeward": Detector(
        faults.STALLED, change(estimate__rate_mdeg_per_s=-149),
        change(estimate__rate_mdeg_per_s=-150), limits.STALL_MS,
        change(decision__duty_permille=-120, estimate__rate_mdeg_per_s=-1_000),
    ),
    "stalled by its duty": Detector(
        faults.STALLED, change(decision__duty_permille=120),
        change(decision__duty_permille=119), limits.STALL_MS,
        change(decision__duty_permille=119, estimate__rate_mdeg_per_s=0),
    ),
    "undriven outward": Detector(
        faults.MOVED_UNDRIVEN, change(estimate__rate_mdeg_per_s=1_501),
        change(estimate__rate_mdeg_per_s=1_500), limits.UNDRIVEN_MS, STANDING,
    ),
    "undriven homeward": Detector(
        faults.MOVED_UNDRIVEN, change(estimate__rate_mdeg_per_s=-1_501),
        change(estimate__rate_mdeg_per_s=-1_500), limits.UNDRIVEN_MS, STANDING,
    ),
    "undriven by its duty": Detector(
        faults.MOVED_UNDRIVEN, change(decision__duty_permille=0),
        change(decision__duty_permille=120), limits.UNDRIVEN_MS,
    ),
    "faster than its little duty explains": Detector(
        faults.MOVED_UNDRIVEN, change(estimate__rate_mdeg_per_s=2_691),
        change(estimate__rate_mdeg_per_s=2_690), limits.UNDRIVEN_MS,
        change(decision__duty_permille=119),
    ),
    "against its little duty": Detector(
        faults.MOVED_UNDRIVEN, change(estimate__rate_mdeg_per_s=1_501),
        change(estimate__rate_mdeg_per_s=1_500), limits.UNDRIVEN_MS,
        change(decision__duty_permille=-119),
    ),
    "faster homeward than its little duty explains": Detector(
        faults.MOVED_UNDRIVEN, change(estimate__rate_mdeg_per_s=-1_511),
        change(estimate__rate_mdeg_per_s=-1_510), limits.UNDRIVEN_MS,
        change(decision__duty_permille=-1),
    ),
    "current sensor dead outward": Detector(
        faults.CURRENT_SENSOR_DEAD, change(inputs__current_ma=99),
        change(inputs__current_ma=100), limits.CURRENT_DEAD_MS, latched=True,
    ),
    "current sensor dead homeward": Detector(
        faults.CURRENT_SENSOR_DEAD, change(inputs__current_ma=0),
        change(inputs__current_ma=100), limits.CURRENT_DEAD_MS, HOMEWARD, latched=True,
    ),
    "current sensor dead by its duty": Detector(
        faults.CURRENT_SENSOR_DEAD, change(decision__duty_permille=120),
        change(decision__duty_permille=119), limits.CURRENT_DEAD_MS,
        change(inputs__current_ma=0, estimate__rate_mdeg_per_s=150), latched=True,
    ),
    "backward while driven outward": Detector(
        faults.MOVED_BACKWARD, change(estimate__rate_mdeg_per_s=-701),
        change(estimate__rate_mdeg_per_s=-700), limits.BACKWARD_MS,
        change(decision__duty_permille=120),
    ),
    "backward while driven homeward": Detector(
        faults.MOVED_BACKWARD, change(estimate__rate_mdeg_per_s=701),
        change(estimate__rate_mdeg_per_s=700), limits.BACKWARD_MS,
        change(decision__duty_permille=-120, estimate__rate_mdeg_per_s=-1_000),
    ),
    "backward by its duty": Detector(
        faults.MOVED_BACKWARD, change(decision__duty_permille=-120),
        change(decision__duty_permille=-119), limits.BACKWARD_MS,
        change(decision__duty_permille=-119, estimate__rate_mdeg_per_s=1_400),
    ),
}  # fmt: skip
each_detector = pytest.mark.parametrize("name", DETECTORS)


def prepared(detector: Detector) -> Watched:
    watched = Watched()
    detector.given(watched)
    detector.below(watched)
    watched.inputs.relay_closed = watched.decision.power
    watched.run(1_000)
    return watched


@pytest.mark.requirement(
    "RQ-020", "RQ-024", "RQ-025", "RQ-030", "RQ-031", "RQ-035", "RQ-036", "RQ-047", "RQ-048",
    "RQ-049", "RQ-056", "RQ-058",
)  # fmt: skip
@each_detector
def test_just_below_its_bound_it_stays_silent(name: str) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    for _ in range(LONG_MS // 10):
        assert watched.tick() != detector.code


@pytest.mark.requirement(
    "RQ-010", "RQ-020", "RQ-024", "RQ-025", "RQ-030", "RQ-031", "RQ-035", "RQ-036", "RQ-047",
    "RQ-048", "RQ-049", "RQ-056", "RQ-058", "RQ-063", "RQ-100",
)  # fmt: skip
@each_detector
def test_at_its_bound_it_trips_in_its_time(name: str) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    detector.at(watched)
    assert watched.time_to(detector.code, 2_000) == detector.after_ms
    # It stays as long as its cause.
    for _ in range(100):
        assert watched.tick() == detector.code
    detector.below(watched)
    assert (watched.tick() == detector.code) is detector.latched


@pytest.mark.parametrize("name", [name for name, one in DETECTORS.items() if one.lasting])
def test_a_brief_excursion_is_no_fault_however_often(name: str) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    for _ in range(50):
        detector.at(watched)
        for _ in range(detector.after_ms // 10 - 1):
            assert watched.tick() != detector.code
        detector.below(watched)
        assert watched.tick() != detector.code


@each_detector
def test_what_is_excused_is_not_reported_and_hides_nothing(name: str) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    watched.decision.excused = detector.code
    detector.at(watched)
    assert watched.time_to(detector.code, 3_000) == -1
    watched.decision.excused = faults.NO_FAULT
    assert watched.tick() == detector.code


@pytest.mark.parametrize("start_ms", [0, (1 << 30) - 50])
@each_detector
def test_the_wrap_of_the_ticks_changes_no_time(name: str, start_ms: int) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    watched.monitors.then_ms = watched.now_ms = start_ms
    detector.at(watched)
    assert watched.time_to(detector.code, 2_000) == detector.after_ms


@each_detector
def test_no_count_grows_out_of_a_small_int(name: str) -> None:
    detector = DETECTORS[name]
    watched = prepared(detector)
    detector.at(watched)
    parts = (watched.monitors, watched.decision, watched.estimate, watched.inputs)
    for part in parts:
        wrap_attributes(part)
    for _ in range(10):
        watched.tick((1 << 30) - 1)
        assert all(attributes_are_checked(part) for part in parts)


def test_nothing_is_judged_by_one_imu_against_itself() -> None:
    for name in ("primary_ok", "monitor_ok"):
        watched = Watched()
        setattr(watched.estimate, name, False)
        watched.estimate.disagreement_mdeg = 90_000
        assert watched.time_to(faults.IMU_DISAGREE, 5_000) == -1


@pytest.mark.parametrize(
    ("spoil", "after_ms"),
    [
        (change(estimate__valid=False), 0),
        (change(estimate__age_ms=101), 0),
        (change(estimate__disagreement_mdeg=4_001), limits.DISAGREEMENT_MS - 10),
    ],
)
def test_when_the_tilt_is_no_longer_trusted(spoil: Change, after_ms: int) -> None:
    watched = Watched()
    spoil(watched)
    watched.run(after_ms)
    assert watched.monitors.tilt_trusted
    watched.tick()
    assert not watched.monitors.tilt_trusted


def test_an_unknown_tilt_moves_nothing_and_contradicts_nothing() -> None:
    watched = Watched()
    watched.estimate.valid = False
    watched.estimate.rate_mdeg_per_s = 20_000
    watched.estimate.tilt_mdeg = 40_000
    watched.inputs.home_switch = True
    for duty in (300, -300, 0):
        watched.decision.duty_permille = duty
        watched.run(3_000)
        assert watched.monitors.active == faults.TILT_LOST


@pytest.mark.requirement("RQ-046")
@pytest.mark.parametrize(("before_ms", "code"), [(400, 0), (410, faults.RELAY_DEAD)])
def test_the_relay_has_time_to_close(before_ms: int, code: int) -> None:
    watched = Watched()
    AT_REST(watched)
    watched.run(1_000)
    watched.decision.power = True
    watched.run(before_ms)
    assert watched.monitors.active == code


@pytest.mark.requirement("RQ-045")
@pytest.mark.parametrize(("before_ms", "code"), [(400, 0), (410, faults.RELAY_WELDED)])
def test_the_relay_has_time_to_open(before_ms: int, code: int) -> None:
    watched = Watched()
    AT_REST(watched)
    watched.decision.power = True
    watched.inputs.relay_closed = True
    watched.run(1_000)
    watched.decision.power = False
    watched.run(before_ms)
    assert watched.monitors.active == code


@pytest.mark.requirement("RQ-041")
@pytest.mark.parametrize(
    ("power", "dt_ms", "code"),
    [(True, 450, 0), (True, 451, faults.TICK_LATE), (False, 5_000, 0)],
)
def test_a_late_tick_matters_while_there_is_power(power: bool, dt_ms: int, code: int) -> None:
    watched = Watched()
    if not power:
        AT_REST(watched)
    assert watched.tick(dt_ms) == code
    assert watched.tick() == faults.NO_FAULT


def test_in_the_self_test_the_sensors_have_time_and_nothing_is_trusted() -> None:
    watched = Watched()
    watched.monitors = Monitors()
    watched.decision = Decision()
    watched.inputs.relay_closed = False
    watched.estimate.valid = False
    for _ in range(limits.SELF_TEST_MS // 10):
        assert watched.tick() == faults.NO_FAULT
        assert not watched.monitors.tilt_trusted
    assert watched.time_to(faults.TILT_LOST, 1_000) == limits.ESTIMATE_AGE_MAX_MS


@pytest.mark.requirement("RQ-066")
def test_a_contact_that_never_settles_counts_as_its_safe_side() -> None:
    watched = Watched()
    watched.monitors = Monitors()
    watched.inputs.settled = False
    watched.inputs.end_reached = True
    watched.decision.at_home = True
    assert watched.time_to(faults.OUTWARD_END, 20_000) == limits.SETTLE_MAX_MS + 10
    watched.inputs.end_reached = False
    assert watched.tick() == faults.BUTTON_STUCK
    watched.decision.at_home = False
    assert watched.tick() == faults.NO_FAULT


def test_the_strongest_reaction_wins_and_the_estop_before_all() -> None:
    watched = Watched()
    changes = [
        (change(inputs__button_stuck=True, decision__at_home=True), faults.BUTTON_STUCK),
        (change(estimate__monitor_ok=False, decision__at_home=False), faults.IMU_MONITOR_LOST),
        (change(estimate__valid=False), faults.TILT_LOST),
        (change(inputs__host_stop=True), faults.HOST_STOP),
        (change(inputs__ankle_locked=False), faults.ANKLE_LOCK_OPEN),
        (change(inputs__current_ma=16_000), faults.OVERCURRENT),
        (change(inputs__estop_pressed=True), faults.ESTOP_PRESSED),
    ]
    for spoil, code in changes:
        spoil(watched)
        watched.run(1_000)
        assert watched.monitors.active == code


def test_a_lock_or_a_laptop_hides_no_fault_of_the_machine() -> None:
    for name in ("over-current", "overspeed outward", "stalled outward", "supply dead"):
        watched = prepared(DETECTORS[name])
        watched.inputs.ankle_locked = False
        watched.inputs.host_stop = True
        watched.run(1_000)
        assert watched.monitors.active == faults.ANKLE_LOCK_OPEN
        DETECTORS[name].at(watched)
        watched.run(2_000)
        assert watched.monitors.active == DETECTORS[name].code
