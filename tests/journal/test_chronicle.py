"""What is told to the recorder: samples at 10 Hz, each change once, and a summary that is right."""

import itertools

import pytest

from inversion_table.contract import events, flags, records
from inversion_table.contract.records import KIND_JOG, KIND_PLAN, KIND_RETURN
from inversion_table.estimation.estimate import Estimate
from inversion_table.journal.black_box import BlackBox
from inversion_table.journal.chronicle import SAMPLE_MS, Chronicle
from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import MODE_JOG, MODE_NONE, MODE_SESSION, Decision, Inputs, Wish
from tests.session.plans import make
from tests.session.simulated_table import SimulatedTable


class FakeRecorder:
    """Keeps what it is told, with its kind first."""

    def __init__(self) -> None:
        self.told: list[tuple] = []
        self.box = BlackBox()

    def begin(self, *values: int) -> None:
        self.told.append(("begin", *values))

    def sample(self, *values: int) -> None:
        self.told.append(("sample", *values))

    def event(self, *values: int) -> None:
        self.told.append(("event", *values))

    def end(self, *values: int) -> None:
        self.told.append(("end", *values))

    def of(self, kind: str) -> list[tuple]:
        return [entry[1:] for entry in self.told if entry[0] == kind]

    def events(self, code: int) -> list[tuple]:
        """(a, b) of every such event."""
        return [entry[2:] for entry in self.of("event") if entry[1] == code]


class Bench:
    """A chronicle with everything it looks at, at home and well."""

    def __init__(self, now_ms: int = 5_000) -> None:
        self.recorder = FakeRecorder()
        self.chronicle = Chronicle(self.recorder)
        self.decision, self.estimate = Decision(), Estimate()
        self.inputs, self.wish = Inputs(), Wish()
        self.step_number = 0
        self.now_ms = now_ms
        self.estimate.valid = True
        self.estimate.tilt_mdeg = self.wish.target_mdeg = -75_000
        self.at_home(states.HOME)
        self.tick()
        self.recorder.told.clear()

    def at_home(self, state: int) -> None:
        self.decision.state = state
        self.decision.at_home = True
        self.decision.mode = MODE_NONE

    def leave(self, state: int = states.MOVING, mode: int = MODE_SESSION) -> None:
        self.decision.state = state
        self.decision.mode = mode
        self.decision.at_home = False

    def tick(self, count: int = 1, ms: int = 10) -> None:
        for _ in range(count):
            self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
            self.chronicle.write(
                self.decision, self.estimate, self.inputs, self.wish, self.step_number, self.now_ms
            )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_to_tell_at_home(bench: Bench) -> None:
    bench.tick(1_000)
    assert bench.recorder.told == []


def test_the_first_tick_after_power_up_tells_nothing_that_did_not_happen() -> None:
    recorder = FakeRecorder()
    chronicle = Chronicle(recorder)
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    chronicle.write(decision, estimate, inputs, wish, 0, 77)
    assert recorder.told == []
    decision.state = states.STOPPED
    decision.fault = faults.POWER_RESTORED
    chronicle.write(decision, estimate, inputs, wish, 0, 87)
    assert [entry[:2] for entry in recorder.told] == [
        ("begin", 87), ("event", 87), ("event", 87), ("sample", 87)
    ]  # fmt: skip


@pytest.mark.requirement("RQ-073")
def test_a_session_begins_ends_and_is_sampled_at_10_hz(bench: Bench) -> None:
    bench.leave()
    bench.tick(1_000)
    bench.at_home(states.HOME)
    bench.tick(1_000)
    told = bench.recorder.told
    assert told[0] == ("begin", 5_020, KIND_PLAN)
    assert told[-1][0] == "end"
    assert [entry[0] for entry in told].count("begin") == 1
    assert [entry[0] for entry in told].count("end") == 1
    times = [sample[0] for sample in bench.recorder.of("sample")]
    assert times[0] == 5_020
    assert {b - a for a, b in itertools.pairwise(times)} == {SAMPLE_MS}
    assert len(times) == 101


def test_samples_go_on_over_the_wrap_of_the_clock() -> None:
    for start in ((1 << 30) - 1_005, (1 << 30) - 40, 0, 30):
        bench = Bench(now_ms=start)
        bench.leave()
        bench.tick(300)
        times = [sample[0] for sample in bench.recorder.of("sample")]
        assert len(times) == 30
        assert {(b - a) & 0x3FFFFFFF for a, b in itertools.pairwise(times)} == {100}


def test_late_ticks_keep_the_samples_apart(bench: Bench) -> None:
    bench.leave()
    for gap in (10, 400, 10, 10, 95, 10, 10, 300, 10, 10, 10) * 20:
        bench.tick(1, gap)
    times = [sample[0] for sample in bench.recorder.of("sample")]
    assert min(b - a for a, b in itertools.pairwise(times)) >= SAMPLE_MS


def test_a_sample_says_what_was_seen(bench: Bench) -> None:
    bench.leave()
    bench.estimate.tilt_mdeg, bench.wish.target_mdeg = -12_345, -12_000
    bench.estimate.rate_mdeg_per_s = 2_990
    bench.inputs.current_ma, bench.inputs.supply_mv = 1_900, 23_900
    bench.decision.duty_permille = 300
    bench.tick()
    assert bench.recorder.of("sample") == [
        (5_020, -12_345, -12_000, 2_990, 1_900, 23_900, states.MOVING, sample_flags(bench))
    ]
    bench.decision.duty_permille = -300
    bench.tick(10)
    assert bench.recorder.of("sample")[-1][4] == -1_900  # the sign of the drive
    bench.decision.duty_permille = 0
    bench.tick(10)
    assert bench.recorder.of("sample")[-1][4] == 1_900


def sample_flags(bench: Bench) -> int:
    return bench.recorder.of("sample")[-1][7]


@pytest.mark.parametrize(
    ("thing", "name", "flag"),
    [
        ("estimate", "valid", flags.FLAG_TILT_VALID),
        ("decision", "power", flags.FLAG_POWER),
        ("inputs", "relay_closed", flags.FLAG_RELAY_CLOSED),
        ("inputs", "home_switch", flags.FLAG_HOME_SWITCH),
        ("inputs", "estop_pressed", flags.FLAG_ESTOP),
        ("inputs", "ankle_locked", flags.FLAG_ANKLE_LOCKED),
        ("inputs", "end_reached", flags.FLAG_END_REACHED),
    ],
)
def test_each_flag_is_its_own(bench: Bench, thing: str, name: str, flag: int) -> None:
    for other_thing, others in (
        ("estimate", ["valid"]),
        ("decision", ["power"]),
        ("inputs", ["relay_closed", "home_switch", "estop_pressed", "ankle_locked", "end_reached"]),
    ):
        for other in others:
            setattr(getattr(bench, other_thing), other, False)
    bench.leave()
    bench.tick()
    assert sample_flags(bench) == 0
    setattr(getattr(bench, thing), name, True)
    bench.tick(10)
    assert sample_flags(bench) == flag


@pytest.mark.requirement("RQ-073")
def test_every_change_of_state_is_told_once_in_its_tick(bench: Bench) -> None:
    bench.leave()
    expected = []
    before = states.HOME
    for state in (
        states.MOVING, states.HOLDING, states.PAUSED, states.HOLDING, states.RETURNING,
        states.STOPPED, states.FAULT, states.RETURNING,
    ):  # fmt: skip
        bench.decision.state = state
        bench.tick(7)
        expected.append((before, state))
        before = state
    assert bench.recorder.events(events.STATE_CHANGED) == expected


@pytest.mark.requirement("RQ-073")
def test_faults_are_told_when_raised_changed_and_cleared(bench: Bench) -> None:
    bench.leave()
    bench.tick(5)
    for fault in (faults.SUPPLY_LOW, faults.ESTOP_PRESSED, faults.NO_FAULT):
        bench.decision.fault = fault
        bench.tick(5)
    assert bench.recorder.events(events.FAULT_RAISED) == [
        (faults.SUPPLY_LOW, states.MOVING),
        (faults.ESTOP_PRESSED, states.MOVING),
    ]
    assert bench.recorder.events(events.FAULT_CLEARED) == [(faults.ESTOP_PRESSED, 0)]


@pytest.mark.requirement("RQ-073")
@pytest.mark.parametrize(
    ("name", "button"),
    [("start_edge", flags.BUTTON_START), ("pause_edge", flags.BUTTON_PAUSE),
     ("return_edge", flags.BUTTON_RETURN)],
)  # fmt: skip
def test_every_press_is_told_once_at_home_as_well(bench: Bench, name: str, button: int) -> None:
    for _ in range(3):
        setattr(bench.inputs, name, True)
        bench.tick()
        setattr(bench.inputs, name, False)
        bench.tick(20)
    assert bench.recorder.events(events.BUTTON_PRESSED) == [(button, 0)] * 3


@pytest.mark.parametrize(
    ("name", "button"), [("jog_up", flags.BUTTON_JOG_UP), ("jog_down", flags.BUTTON_JOG_DOWN)]
)
def test_jogs_are_told_with_the_time_they_were_held(bench: Bench, name: str, button: int) -> None:
    bench.now_ms = (1 << 30) - 100
    setattr(bench.inputs, name, True)
    bench.tick(50)
    setattr(bench.inputs, name, False)
    bench.tick(50)
    assert bench.recorder.events(events.BUTTON_PRESSED) == [(button, 0)]
    assert bench.recorder.events(events.BUTTON_RELEASED) == [(button, 500)]


def test_what_the_host_asked_for_is_told(bench: Bench) -> None:
    bench.inputs.host_return = True
    bench.tick()
    bench.inputs.host_return = False
    bench.inputs.host_stop = True
    bench.tick()
    bench.inputs.host_stop = False
    bench.tick(20)
    told = [event[1:] for event in bench.recorder.of("event")]
    assert told == [(events.HOST_RETURN, 0, 0), (events.HOST_STOP, 0, 0)]


def test_steps_are_told_with_the_tilt_that_they_go_to(bench: Bench) -> None:
    bench.leave()
    for number, goal in ((1, 60_000), (2, 0), (0, -75_000), (1, 20_000)):
        bench.step_number = number
        bench.wish.goal_mdeg = goal
        bench.tick(9)
    assert bench.recorder.events(events.STEP_STARTED) == [(1, 60_000), (2, 0), (1, 20_000)]


@pytest.mark.parametrize(
    ("mode", "state", "kind"),
    [
        (MODE_SESSION, states.MOVING, KIND_PLAN),
        (MODE_JOG, states.MOVING, KIND_JOG),
        (MODE_NONE, states.STOPPED, KIND_RETURN),  # found away from home at power-up
        (MODE_NONE, states.FAULT, KIND_RETURN),
    ],
)
def test_the_kind_of_a_session(bench: Bench, mode: int, state: int, kind: int) -> None:
    bench.leave(state, mode)
    bench.tick()
    assert [begin[1] for begin in bench.recorder.of("begin")] == [kind]


@pytest.mark.parametrize("state", [states.SELF_TEST, states.SERVICE, states.HOME, states.FAULT])
def test_no_session_is_open_in_these_states_at_home(bench: Bench, state: int) -> None:
    bench.at_home(state)
    bench.tick(100)
    assert bench.recorder.of("begin") == bench.recorder.of("sample") == []


def test_no_session_during_the_self_test_away_from_home(bench: Bench) -> None:
    bench.leave(states.SELF_TEST, MODE_NONE)
    bench.tick(200)
    assert bench.recorder.of("begin") == []


def test_begin_and_end_pair_up_whatever_the_states_do(bench: Bench) -> None:
    open_now = False
    for round_ in range(300):
        state = (round_ * 7 + round_ // 9) % 9
        bench.decision.state = state
        bench.decision.at_home = round_ % 3 == 0
        bench.tick(1 + round_ % 13)
    bench.at_home(states.HOME)
    bench.tick()
    for entry in bench.recorder.told:
        if entry[0] == "begin":
            assert not open_now
            open_now = True
        elif entry[0] == "end":
            assert open_now
            open_now = False
        elif entry[0] == "sample":
            assert open_now
    assert not open_now


def end_of(bench: Bench) -> tuple:
    bench.at_home(states.HOME)
    bench.decision.fault = faults.NO_FAULT
    bench.tick()
    (end,) = bench.recorder.of("end")
    return end[1:]


@pytest.mark.requirement("RQ-123")
def test_the_summary_has_first_fault_max_tilt_head_down_time_and_worst_error(bench) -> None:
    bench.leave()
    way = [*range(-75_000, 30_001, 30), *[30_000] * 500, *range(30_000, -75_001, -30)]
    for at, tilt in enumerate(way):
        bench.estimate.tilt_mdeg = tilt
        bench.wish.target_mdeg = tilt + (700 if at == 100 else 50)
        if at == 2_000:
            bench.decision.fault = faults.SUPPLY_LOW
        if at == 2_500:
            bench.decision.fault = faults.ESTOP_PRESSED
        bench.tick()
    reason, first_fault, count, max_tilt, head_down_ms, worst_error = end_of(bench)
    assert (reason, first_fault, count) == (records.END_FAULT, faults.SUPPLY_LOW, 2)
    assert max_tilt == 30_000
    assert head_down_ms == 10 * sum(tilt > limits.HEAD_DOWN_TILT_MDEG for tilt in way)
    assert worst_error == 700


def test_head_down_time_is_not_the_kernels_clock_that_runs_on(bench: Bench) -> None:
    bench.leave()
    for stretch in range(3):
        bench.estimate.tilt_mdeg = 30_000
        for _ in range(100):
            bench.decision.head_down_ms += 10
            bench.tick()
        bench.estimate.tilt_mdeg = 0
        for _ in range(900 + stretch):
            bench.decision.head_down_ms += 10
            bench.tick()
        bench.decision.head_down_ms = 0
    assert end_of(bench)[4] == 3_000


def test_an_invalid_tilt_is_not_summed_up_but_head_down_goes_on(bench: Bench) -> None:
    bench.leave()
    bench.estimate.tilt_mdeg = bench.wish.target_mdeg = 20_000
    bench.tick(10)
    bench.estimate.valid = False
    bench.estimate.tilt_mdeg = 180_000
    bench.tick(50)
    bench.estimate.valid = True
    bench.estimate.tilt_mdeg = 1_000
    bench.wish.target_mdeg = 1_000
    bench.tick(10)
    max_tilt, head_down_ms, worst_error = end_of(bench)[3:]
    assert max_tilt == 20_000
    assert worst_error == 0
    assert head_down_ms == 600  # until it is known to be up, the person counts as head-down


def test_head_down_begins_above_its_threshold(bench: Bench) -> None:
    bench.leave()
    for tilt in (limits.HEAD_DOWN_TILT_MDEG, limits.HEAD_DOWN_TILT_MDEG + 1):
        bench.estimate.tilt_mdeg = tilt
        bench.tick(100)
    assert end_of(bench)[4] == 1_000


@pytest.mark.requirement("RQ-123")
@pytest.mark.parametrize(
    ("mode", "happens", "reason"),
    [
        (MODE_SESSION, (), records.END_PLAN_DONE),
        (MODE_SESSION, ("return_edge",), records.END_RETURN_PRESSED),
        (MODE_SESSION, ("host_return", "return_edge"), records.END_HOST_RETURN),
        (MODE_SESSION, ("fault", "return_edge"), records.END_FAULT),
        (MODE_SESSION, ("return_edge", "fault"), records.END_RETURN_PRESSED),
        (MODE_SESSION, ("pause_edge",), records.END_PLAN_DONE),
        (MODE_JOG, (), records.END_JOGGED_HOME),
        (MODE_JOG, ("return_edge",), records.END_RETURN_PRESSED),
        (MODE_NONE, ("return_edge",), records.END_RETURN_PRESSED),
        (MODE_NONE, ("host_return",), records.END_HOST_RETURN),
    ],
)
def test_the_end_says_what_first_sent_the_table_home(bench, mode, happens, reason) -> None:
    bench.leave(mode=mode)
    bench.tick(50)
    for name in happens:
        if name == "fault":
            bench.decision.fault = faults.STALLED
        else:
            setattr(bench.inputs, name, True)
        bench.tick()
        if name != "fault":
            setattr(bench.inputs, name, False)
        bench.tick(20)
    if mode != MODE_JOG:
        bench.decision.state = states.RETURNING
        bench.tick(50)
        bench.inputs.return_edge = True  # skips the rest: that is no reason
        bench.tick()
        bench.inputs.return_edge = False
    assert end_of(bench)[0] == reason


def test_a_summary_starts_afresh_for_each_session(bench: Bench) -> None:
    bench.leave()
    bench.estimate.tilt_mdeg = 50_000
    bench.decision.fault = faults.STALLED
    bench.tick(100)
    end_of(bench)
    bench.recorder.told.clear()
    bench.estimate.tilt_mdeg = bench.wish.target_mdeg = -74_000
    bench.leave()
    bench.tick(10)
    assert end_of(bench) == (records.END_PLAN_DONE, faults.NO_FAULT, 0, -74_000, 0, 0)


def test_a_whole_session_as_the_sequencer_and_the_kernel_make_it() -> None:
    plan = make((20_000, 3_000, 5_000), (0, 3_000, 2_000), times=2, rest_ms=3_000)
    table = SimulatedTable(plan)
    recorder = FakeRecorder()
    chronicle = Chronicle(recorder)
    head_down_ms = 0
    max_tilt = -75_000
    table.boot()
    for tick in range(200_000):
        table.tick(start_edge=tick == 3)
        if tick == 3:
            table.inputs.start_edge = True  # the chronicle sees the inputs of this very tick
        chronicle.write(
            table.decision, table.estimate, table.inputs, table.wish,
            table.sequencer.step_number, table.now_ms,
        )  # fmt: skip
        table.inputs.start_edge = False
        head_down_ms += 10 * (table.estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG)
        max_tilt = max(max_tilt, table.estimate.tilt_mdeg)
        if tick > 10 and table.state == states.HOME:
            break
    (end,) = recorder.of("end")
    assert end[1:4] == (records.END_PLAN_DONE, faults.NO_FAULT, 0)
    assert end[4] == max_tilt == pytest.approx(20_000, abs=200)
    assert end[5] == pytest.approx(head_down_ms, abs=20)
    assert end[6] < 200
    assert [step for step, _ in recorder.events(events.STEP_STARTED)] == [1, 2, 3, 4]
    assert [goal for _, goal in recorder.events(events.STEP_STARTED)] == [20_000, 0, 20_000, 0]
    assert recorder.events(events.BUTTON_PRESSED) == [(flags.BUTTON_START, 0)]
    changes = [to for _, to in recorder.events(events.STATE_CHANGED)]
    assert changes[1:] == [
        states.MOVING,
        *[states.HOLDING, states.MOVING] * 3,
        states.HOLDING,
        states.RETURNING,
        states.HOME,
    ]
    length_ms = recorder.of("end")[0][0] - recorder.of("begin")[0][0]
    assert len(recorder.of("sample")) == length_ms // 100 + 1
