"""The sequencer by itself: what it wishes in each state and phase, tick by tick."""

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import MODE_JOG, MODE_NONE, MODE_SESSION, Decision, Inputs, Wish
from inversion_table.session import sequencer as sequencers
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer
from tests.safety.table import Reading

TWO_SETS = Plan(
    "two sets",
    [
        StepSet(2, [Step(10_000, 1_000, 0), Step(-20_000, 1_500, 100)]),
        StepSet(1, [Step(30_000, 900, 50)]),
    ],
    1_200,
    8_000,
)
STEPS = [10_000, -20_000, 10_000, -20_000, 30_000]
GONE = 12_345
"""What a wish must not keep from the tick before."""


class Alone:
    """A sequencer whose decisions and tilt are the test's; `moves` are what it asked of its motion.

    The motion is real. `there` makes the bed be where the reference is.
    """

    def __init__(self, state: int = states.MOVING, mode: int = MODE_SESSION, plan=TWO_SETS) -> None:
        self.sequencer = Sequencer()
        self.program = Program(plan, 2_000) if plan else None
        self.decision = Decision()
        self.decision.state = state
        self.decision.mode = mode
        self.decision.ready = True
        self.estimate = Reading()
        self.estimate.tilt_mdeg = limits.HOME_TILT_MDEG
        self.inputs = Inputs()
        self.settings = limits.Settings()
        self.wish = Wish()
        self.now_ms = 1_000
        self.moves: list[tuple[int, ...]] = []
        self.rests: list[tuple[int, ...]] = []
        self.holds: list[int] = []
        self._listen()

    def _listen(self) -> None:
        motion = self.sequencer.motion
        move, rest, hold = motion.move, motion.come_to_rest, motion.hold_at

        def moved(*given: int) -> bool:
            self.moves.append(given)
            return move(*given)

        def rested(*given: int) -> bool:
            self.rests.append(given)
            return rest(*given)

        def held(tilt_mdeg: int) -> None:
            self.holds.append(tilt_mdeg)
            hold(tilt_mdeg)

        vars(motion).update(move=moved, come_to_rest=rested, hold_at=held)

    def tick(self, tilt_mdeg: int | None = None, dt_ms: int = 10) -> Wish:
        """One tick, with a wish that is spoiled beforehand where every tick must write it."""
        if tilt_mdeg is not None:
            self.estimate.tilt_mdeg = tilt_mdeg
        self.now_ms = (self.now_ms + dt_ms) & ((1 << 30) - 1)
        self.wish.duty_permille = 999
        self.wish.request = 99
        self.wish.target_mdeg = self.wish.rate_mdeg_per_s = GONE
        for said in (self.moves, self.rests, self.holds):
            said.clear()
        self.sequencer.step(
            self.program,
            self.decision,
            self.estimate,
            self.inputs,
            self.settings,
            self.now_ms,
            self.wish,
        )
        assert self.wish.target_mdeg == self.sequencer.motion.ref_udeg // 1_000
        assert self.wish.rate_mdeg_per_s == self.sequencer.motion.rate_mdeg_per_s
        return self.wish

    def follow(self) -> Wish:
        """A tick on a bed that does exactly what the reference does."""
        motion = self.sequencer.motion
        self.estimate.rate_mdeg_per_s = motion.rate_mdeg_per_s
        return self.tick(motion.ref_udeg // 1_000)

    def there(self, most: int = 20_000) -> None:
        """On a bed that follows exactly, tick until the step has arrived."""
        for _ in range(most):
            self.follow()
            if self.sequencer.phase == sequencers.HOLD:
                return
        raise AssertionError("never arrived")

    def is_held_at(self, tilt_mdeg: int) -> bool:
        """Neither duty nor motion, and the reference stands here."""
        motion = self.sequencer.motion
        return (
            self.wish.request == states.WISH_HOLD
            and self.wish.duty_permille == 0
            and motion.ref_udeg == tilt_mdeg * 1_000
            and motion.rate_udeg_per_s == 0
            and motion.duty_permille == 0
        )

    def place(self) -> tuple[int, int, int, int]:
        """Set, pass, step, number of the step."""
        s = self.sequencer
        return s.set_index, s.pass_index, s.step_index, s.step_number


# --- at rest --------------------------------------------------------------------------------


def test_a_new_sequencer_is_at_the_beginning() -> None:
    alone = Alone(states.HOME)
    s = alone.sequencer
    assert alone.place() == (0, 0, 0, 0)
    assert (s.phase, s.held_ms, s.rested_ms) == (sequencers.MOVE, 0, 0)
    assert (s.returning, s.return_phase) == (False, sequencers.TO_FLAT)
    assert s.turning_mdeg_per_s == 0
    assert s.before_mdeg == limits.HOME_TILT_MDEG


@pytest.mark.requirement("RQ-043")
def test_every_attribute_is_there_from_the_beginning() -> None:
    """A first store to a new one would allocate in the tick."""
    alone = Alone(states.HOME)
    names = [set(vars(Sequencer())), set(vars(Wish()))]
    for state in (states.MOVING, states.RETURNING, states.PAUSED, states.HOME):
        alone.decision.state = state
        for _ in range(3):
            alone.tick(1_000)
    alone.decision.state, alone.decision.mode = states.MOVING, MODE_JOG
    alone.inputs.jog_down = True
    alone.tick()
    assert [set(vars(alone.sequencer)), set(vars(alone.wish))] == names


IDLE = [states.SELF_TEST, states.HOME, states.STOPPED, states.FAULT, states.SERVICE, 77]


@pytest.mark.parametrize("state", IDLE)
def test_at_rest_nothing_is_wished_and_everything_begins_anew(state: int) -> None:
    alone = Alone()
    alone.tick(-60_000)
    s, wish = alone.sequencer, alone.wish
    s.phase, s.set_index, s.pass_index, s.step_index = sequencers.DONE, 1, 1, 1
    s.step_number, s.held_ms, s.before_mdeg, s.returning = 4, 70, 30_000, True
    s.motion.load_mdeg_ms = 5
    wish.limit_mdeg = wish.goal_mdeg = GONE
    alone.decision.state = state
    alone.tick(-61_000)
    assert (wish.request, wish.duty_permille) == (states.WISH_NONE, 0)
    assert (wish.limit_mdeg, wish.goal_mdeg) == (limits.HOME_TILT_MDEG, limits.HOME_TILT_MDEG)
    assert (wish.target_mdeg, wish.rate_mdeg_per_s) == (-61_000, 0)
    assert alone.place() == (0, 0, 0, 0)
    assert (s.phase, s.held_ms, s.returning) == (sequencers.MOVE, 0, False)
    assert s.before_mdeg == limits.HOME_TILT_MDEG
    assert s.motion.load_mdeg_ms == 0


@pytest.mark.parametrize("winding_down", [False, True])
def test_paused_holds_where_the_bed_is(winding_down: bool) -> None:
    alone = Alone()
    alone.tick(-60_000)
    for _ in range(200):
        alone.follow()
    assert alone.sequencer.motion.rate_mdeg_per_s > 900
    alone.decision.state = states.PAUSED
    alone.decision.winding_down = winding_down
    alone.tick(-59_000)
    assert alone.is_held_at(-59_000)


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING])
def test_without_a_program_a_session_holds(state: int) -> None:
    alone = Alone(state, plan=None)
    alone.tick(-60_000)
    assert alone.is_held_at(-60_000)
    assert not alone.moves


# --- time -----------------------------------------------------------------------------------


def test_the_first_tick_takes_no_time_and_the_next_what_has_passed() -> None:
    alone = Alone()
    alone.now_ms = 500_000
    alone.tick()
    assert alone.moves[-1][-1] == 0
    alone.tick(dt_ms=17)
    assert alone.moves[-1][-1] == 17
    alone.tick(dt_ms=23)
    assert alone.moves[-1][-1] == 23


def test_time_runs_on_in_states_without_motion() -> None:
    alone = Alone(states.HOME)
    alone.tick()
    alone.tick(dt_ms=300)
    alone.decision.state = states.MOVING
    alone.tick(dt_ms=11)
    assert alone.moves[-1][-1] == 11


# --- steps ----------------------------------------------------------------------------------


def test_a_step_moves_to_its_tilt_at_its_rate() -> None:
    alone = Alone()
    alone.settings.acceleration_mdeg_per_s2 = 1_700
    alone.estimate.rate_mdeg_per_s = 321
    alone.wish.goal_mdeg = alone.wish.limit_mdeg = GONE
    wish = alone.tick(-70_000)
    assert alone.moves == [(-70_000, 321, 10_000, 1_000, 1_700, 0)]
    assert (wish.request, wish.limit_mdeg, wish.goal_mdeg) == (states.WISH_MOVE, 10_000, 10_000)
    assert alone.place() == (0, 0, 0, 1)
    for _ in range(5):
        alone.tick(-70_000)
    assert alone.wish.duty_permille == alone.sequencer.motion.duty_permille > 0
    assert alone.place() == (0, 0, 0, 1)


@pytest.mark.requirement("RQ-018")
def test_a_step_is_no_faster_than_the_settings_say() -> None:
    alone = Alone()
    alone.settings.rate_max_mdeg_per_s = 700
    alone.tick()
    assert alone.moves[-1][3] == 700


def test_a_step_waits_until_the_table_is_ready() -> None:
    alone = Alone()
    alone.decision.ready = False
    for tilt_mdeg in (-74_000, -73_500):
        wish = alone.tick(tilt_mdeg)
        assert (wish.request, wish.duty_permille) == (states.WISH_MOVE, 0)
        assert not alone.moves
        assert wish.target_mdeg == tilt_mdeg
    assert alone.sequencer.phase == sequencers.MOVE


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING])
def test_every_step_in_its_order_with_its_limit(state: int) -> None:
    """Two passes of two steps, then a set of one: the limit is the farther end of each way."""
    alone = Alone(state)
    seen = []
    before_mdeg = limits.HOME_TILT_MDEG
    places = [(0, 0, 0, 1), (0, 0, 1, 2), (0, 1, 0, 3), (0, 1, 1, 4), (1, 0, 0, 5)]
    rates = [1_000, 1_500, 1_000, 1_500, 900]
    for number, target_mdeg in enumerate(STEPS):
        alone.tick(before_mdeg)
        assert alone.place() == places[number]
        assert alone.moves[-1][2:4] == (target_mdeg, rates[number])
        assert alone.wish.limit_mdeg == max(before_mdeg, target_mdeg)
        assert alone.wish.goal_mdeg == target_mdeg
        alone.there()
        assert alone.is_held_at(target_mdeg)
        assert alone.sequencer.phase == sequencers.HOLD
        assert alone.sequencer.held_ms == 0
        hold_ms = (0, 100, 0, 100, 50)[number]
        for passed_ms in range(10, hold_ms, 10):
            alone.tick(target_mdeg + 90)  # the bed hangs a little off, the reference does not
            assert alone.is_held_at(target_mdeg)
            assert alone.wish.limit_mdeg == target_mdeg
            assert alone.sequencer.held_ms == passed_ms
            assert not alone.moves
        seen.append(target_mdeg)
        before_mdeg = target_mdeg
    assert seen == STEPS
    alone.tick(30_040)
    assert alone.wish.request == states.WISH_GO_HOME
    assert alone.wish.duty_permille == 0
    assert alone.wish.target_mdeg == 30_040
    assert alone.sequencer.phase == sequencers.DONE
    assert alone.place() == (1, 0, 0, 5)
    alone.tick(30_050)
    assert (alone.wish.request, alone.wish.target_mdeg) == (states.WISH_GO_HOME, 30_050)


LONG_HOLD = Plan(
    "long hold", [StepSet(1, [Step(10_000, 1_000, 100), Step(-20_000, 1_500, 0)])], 1_200, 8_000
)


def test_a_hold_ends_in_the_tick_in_which_its_time_is_up() -> None:
    alone = Alone(plan=LONG_HOLD)
    alone.tick()
    alone.there()
    alone.tick(10_000, dt_ms=99)
    assert alone.sequencer.held_ms == 99
    alone.tick(10_020, dt_ms=1)
    # The way to the next step begins where the bed is, not where it should be.
    assert alone.place() == (0, 0, 1, 2)
    assert alone.holds == [10_020]
    assert [(m[0], *m[2:]) for m in alone.moves] == [(10_020, -20_000, 1_500, 2_000, 1)]
    assert (alone.sequencer.phase, alone.sequencer.held_ms) == (sequencers.MOVE, 0)
    assert alone.wish.limit_mdeg == 10_000


def test_after_a_pause_a_hold_goes_on_at_its_tilt() -> None:
    alone = Alone(plan=LONG_HOLD)
    alone.tick()
    alone.there()
    alone.tick(10_000, dt_ms=40)
    alone.decision.state = states.PAUSED
    alone.tick(9_900, dt_ms=70)
    assert alone.is_held_at(9_900)
    alone.decision.state = states.HOLDING
    alone.tick(9_900, dt_ms=30)
    assert alone.is_held_at(10_000)
    assert alone.sequencer.held_ms == 70


# --- coming to rest -------------------------------------------------------------------------


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize(("setting", "slowing"), [(500, 2_000), (2_000, 2_000), (4_000, 4_000)])
@pytest.mark.parametrize("mode", [MODE_SESSION, MODE_JOG])
def test_coming_to_rest_goes_on_until_the_reference_stands(
    setting: int, slowing: int, mode: int
) -> None:
    alone = Alone(mode=mode)
    alone.inputs.jog_down = True
    alone.tick()
    for _ in range(200):
        alone.follow()
    assert alone.sequencer.motion.rate_mdeg_per_s > 900
    alone.settings.acceleration_mdeg_per_s2 = setting
    alone.decision.winding_down = True
    tilt_mdeg = alone.wish.target_mdeg
    alone.tick(tilt_mdeg)
    turning = alone.estimate.rate_mdeg_per_s
    assert alone.rests == [(tilt_mdeg, turning, slowing, 10)]
    assert turning > 900
    assert alone.wish.request == states.WISH_MOVE
    assert alone.wish.duty_permille == alone.sequencer.motion.duty_permille > 0
    for _ in range(200):
        if alone.tick(tilt_mdeg).request != states.WISH_MOVE:
            break
    assert alone.is_held_at(tilt_mdeg)
    assert not alone.moves


@pytest.mark.requirement("RQ-023", "RQ-102")
def test_a_return_comes_to_rest_to_be_paused_and_goes_on_where_it_was() -> None:
    alone = returning(40_000)
    for _ in range(300):
        alone.follow()
    assert alone.sequencer.motion.rate_mdeg_per_s < -900
    alone.decision.winding_down = True
    alone.wish.limit_mdeg = GONE
    wish = alone.follow()
    assert alone.rests == [(alone.estimate.tilt_mdeg, alone.estimate.rate_mdeg_per_s, 2_000, 10)]
    assert (wish.request, wish.limit_mdeg) == (states.WISH_MOVE, GONE)
    for _ in range(200):
        if alone.follow().request != states.WISH_MOVE:
            break
        assert not alone.moves
    assert alone.is_held_at(alone.estimate.tilt_mdeg)
    alone.decision.winding_down = False
    alone.decision.state = states.PAUSED
    alone.follow()
    alone.decision.state = states.RETURNING
    alone.follow()
    assert alone.sequencer.returning
    assert alone.sequencer.return_phase == sequencers.TO_FLAT
    assert alone.moves[-1][2] == 0
    assert wish.limit_mdeg == GONE  # it is not set anew


@pytest.mark.requirement("RQ-087")
def test_backing_off_is_no_return_yet() -> None:
    alone = returning(1_000)
    alone.decision.backing_off, alone.decision.ready = True, False
    alone.tick(400)
    assert (alone.wish.request, alone.wish.duty_permille) == (states.WISH_MOVE, 0)
    assert not alone.moves
    alone.tick(-300)
    alone.decision.backing_off, alone.decision.ready = False, True
    alone.tick(-300)
    # A whole return begins where the bed is now, below horizontal: there is nothing to rest from.
    assert alone.sequencer.return_phase == sequencers.TO_HOME
    assert alone.wish.limit_mdeg <= 400


@pytest.mark.requirement("RQ-104")
def test_a_hasty_press_of_return_does_not_end_the_rest() -> None:
    alone = resting()
    alone.inputs.return_edge = alone.inputs.return_hasty = True
    alone.tick(0)
    assert alone.sequencer.return_phase == sequencers.REST
    alone.inputs.return_hasty = False
    alone.tick(0)
    assert alone.sequencer.return_phase == sequencers.TO_HOME


# --- jog ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tilt_max", "limit"), [(60_000, 60_000), (95_000, 90_000)])
def test_jog_down_goes_to_the_limit_and_jog_up_beyond_home(tilt_max: int, limit: int) -> None:
    alone = Alone(mode=MODE_JOG)
    alone.settings.tilt_max_mdeg = tilt_max
    alone.inputs.jog_down = True
    alone.wish.limit_mdeg = alone.wish.goal_mdeg = GONE
    wish = alone.tick(-40_000, dt_ms=20)
    assert alone.moves == [(-40_000, 0, limit, 2_000, 2_000, 0)]
    assert (wish.request, wish.limit_mdeg, wish.goal_mdeg) == (states.WISH_MOVE, limit, limit)
    alone.tick()
    assert wish.duty_permille == alone.sequencer.motion.duty_permille > 0
    alone.inputs.jog_down, alone.inputs.jog_up = False, True
    wish = alone.tick(-40_000, dt_ms=30)
    beyond_mdeg = limits.HOME_TILT_MDEG - 3_000
    assert alone.moves == [(-40_000, 0, beyond_mdeg, 2_000, 2_000, 30)]
    assert wish.goal_mdeg == limits.HOME_TILT_MDEG
    assert wish.limit_mdeg == limit


@pytest.mark.parametrize(("jog", "most", "rate"), [(900, 3_000, 900), (2_500, 1_100, 1_100)])
def test_jog_is_no_faster_than_either_setting(jog: int, most: int, rate: int) -> None:
    alone = Alone(mode=MODE_JOG)
    alone.settings.jog_rate_mdeg_per_s, alone.settings.rate_max_mdeg_per_s = jog, most
    alone.settings.acceleration_mdeg_per_s2 = 1_300
    alone.inputs.jog_up = True
    alone.tick()
    assert alone.moves[-1][3:5] == (rate, 1_300)


@pytest.mark.requirement("RQ-037")
@pytest.mark.parametrize("both", [True, False])
def test_jog_with_both_buttons_or_none_holds(both: bool) -> None:
    alone = Alone(mode=MODE_JOG)
    alone.inputs.jog_down = True
    alone.tick()
    alone.tick()
    alone.inputs.jog_down = alone.inputs.jog_up = both
    alone.tick(-60_000)
    assert alone.is_held_at(-60_000)
    assert not alone.moves


def test_jog_waits_until_the_table_is_ready() -> None:
    alone = Alone(mode=MODE_JOG)
    alone.decision.ready = False
    alone.inputs.jog_down = True
    wish = alone.tick(-74_000)
    assert (wish.request, wish.duty_permille, wish.target_mdeg) == (states.WISH_MOVE, 0, -74_000)
    assert not alone.moves


# --- the way home ---------------------------------------------------------------------------


def returning(tilt_mdeg: int, mode: int = MODE_SESSION, plan=TWO_SETS) -> Alone:
    """In the first tick of a return from this tilt."""
    alone = Alone(states.RETURNING, mode, plan)
    alone.tick(tilt_mdeg)
    return alone


HOME = limits.HOME_TILT_MDEG
CREEP_FROM = HOME + 1_500


@pytest.mark.requirement("RQ-027")
@pytest.mark.parametrize(
    ("tilt_mdeg", "phase", "target_mdeg", "goal_mdeg"),
    [
        (60_000, sequencers.TO_FLAT, 0, 0),
        (501, sequencers.TO_FLAT, 0, 0),
        (500, sequencers.TO_HOME, CREEP_FROM, HOME),
        (-40_000, sequencers.TO_HOME, CREEP_FROM, HOME),
        (CREEP_FROM + 1, sequencers.TO_HOME, CREEP_FROM, HOME),
        (CREEP_FROM, sequencers.CREEP, HOME - 3_000, HOME),
        (HOME - 500, sequencers.CREEP, HOME - 3_000, HOME),
    ],
)
def test_a_return_goes_by_where_it_begins(
    tilt_mdeg: int, phase: int, target_mdeg: int, goal_mdeg: int
) -> None:
    alone = returning(tilt_mdeg)
    assert alone.sequencer.return_phase == phase
    rate = 600 if phase == sequencers.CREEP else 1_200
    assert alone.moves == [(tilt_mdeg, 0, target_mdeg, rate, 2_000, 0)]
    wish = alone.wish
    assert (wish.request, wish.limit_mdeg, wish.goal_mdeg) == (
        states.WISH_MOVE, tilt_mdeg, goal_mdeg,
    )  # fmt: skip
    alone.settings.acceleration_mdeg_per_s2 = 1_400
    for _ in range(5):
        alone.tick(tilt_mdeg + 100)
    assert alone.moves == [(tilt_mdeg + 100, 0, target_mdeg, rate, 1_400, 10)]
    assert wish.duty_permille == alone.sequencer.motion.duty_permille < 0
    assert wish.limit_mdeg == tilt_mdeg


@pytest.mark.parametrize(
    ("mode", "plan", "rate"),
    [(MODE_SESSION, TWO_SETS, 1_200), (MODE_JOG, TWO_SETS, 1_800), (MODE_SESSION, None, 1_800)],
)
def test_a_return_has_the_plans_rate_or_that_of_the_settings(mode: int, plan, rate: int) -> None:
    alone = Alone(states.RETURNING, mode, plan)
    alone.settings.return_rate_mdeg_per_s = 1_800
    alone.tick(40_000)
    assert alone.moves[-1][3] == rate


def test_the_plans_return_is_no_faster_than_the_settings_say() -> None:
    alone = Alone(states.RETURNING)
    alone.settings.rate_max_mdeg_per_s = 800
    alone.tick(40_000)
    assert alone.moves[-1][3] == 800


def test_a_return_waits_until_the_table_is_ready() -> None:
    alone = Alone(states.RETURNING)
    alone.decision.ready = False
    for tilt_mdeg in (40_000, 39_000):
        wish = alone.tick(tilt_mdeg)
        assert (wish.request, wish.duty_permille, wish.target_mdeg) == (
            states.WISH_MOVE, 0, tilt_mdeg,
        )  # fmt: skip
        assert not alone.moves
    assert wish.goal_mdeg == 0
    assert wish.limit_mdeg == 40_000


def resting(mode: int = MODE_SESSION, plan=TWO_SETS, fault: int = faults.NO_FAULT) -> Alone:
    """Just come to horizontal."""
    alone = returning(3_000, mode, plan)
    alone.decision.fault = fault
    for _ in range(2_000):
        alone.follow()
        if alone.sequencer.return_phase == sequencers.REST:
            return alone
    raise AssertionError("never came to horizontal")


@pytest.mark.requirement("RQ-027", "RQ-028")
@pytest.mark.parametrize(
    ("mode", "plan", "fault", "rest_ms"),
    [
        (MODE_SESSION, TWO_SETS, faults.NO_FAULT, 8_000),
        (MODE_JOG, TWO_SETS, faults.NO_FAULT, 9_000),
        (MODE_SESSION, None, faults.NO_FAULT, 9_000),
        (MODE_SESSION, TWO_SETS, faults.SUPPLY_LOW, 5_000),
        (MODE_JOG, TWO_SETS, faults.SUPPLY_LOW, 5_000),
    ],
)
def test_the_rest_at_horizontal_lasts_as_long_as_it_should(
    mode: int, plan, fault: int, rest_ms: int
) -> None:
    alone = resting(mode, plan, fault)
    alone.settings.rest_ms = 9_000
    assert alone.wish.request == states.WISH_MOVE  # the tick in which it arrived
    assert alone.sequencer.rested_ms == 0
    for passed_ms in range(500, rest_ms, 500):
        alone.tick(40, dt_ms=500)
        assert alone.is_held_at(40)
        assert alone.sequencer.rested_ms == passed_ms
        assert alone.wish.goal_mdeg == 0
        assert not alone.moves
    alone.tick(40, dt_ms=499)
    assert alone.is_held_at(40)
    alone.tick(40, dt_ms=1)
    assert alone.sequencer.return_phase == sequencers.TO_HOME
    assert (alone.moves[-1][0], alone.moves[-1][2]) == (40, CREEP_FROM)
    assert alone.wish.request == states.WISH_MOVE
    alone.tick(40)
    assert alone.wish.goal_mdeg == HOME


def test_a_plan_with_a_shorter_rest_keeps_it_after_a_fault() -> None:
    plan = Plan("short", [StepSet(1, [Step(10_000, 1_000, 100)])], 1_200, 2_000)
    alone = resting(plan=plan, fault=faults.SUPPLY_LOW)
    alone.tick(0, dt_ms=1_999)
    assert alone.sequencer.return_phase == sequencers.REST
    alone.tick(0, dt_ms=1)
    assert alone.sequencer.return_phase == sequencers.TO_HOME


@pytest.mark.requirement("RQ-029")
def test_only_a_fresh_press_of_return_ends_the_rest() -> None:
    alone = resting()
    for name in ("host_return", "start_edge", "pause_edge", "jog_up"):
        setattr(alone.inputs, name, True)
        alone.tick()
        assert alone.sequencer.return_phase == sequencers.REST
    alone.inputs.return_edge = True
    alone.tick()
    assert alone.sequencer.return_phase == sequencers.TO_HOME
    assert alone.moves


def test_a_rest_waits_while_the_table_is_not_ready() -> None:
    alone = resting()
    alone.decision.ready = False
    alone.tick(0, dt_ms=500)
    assert alone.sequencer.rested_ms == 0


def test_near_home_the_return_creeps() -> None:
    alone = returning(CREEP_FROM + 3_000)
    for _ in range(3_000):
        alone.follow()
        if alone.sequencer.return_phase == sequencers.CREEP:
            break
    alone.tick()
    assert alone.moves[-1][2:4] == (HOME - 3_000, 600)
    alone.settings.return_rate_mdeg_per_s = 500
    alone.tick()
    assert alone.moves[-1][2:4] == (HOME - 3_000, 600)


def test_a_paused_return_goes_on_where_it_was() -> None:
    alone = resting()
    alone.tick(0, dt_ms=3_000)
    alone.decision.state = states.PAUSED
    alone.tick(0, dt_ms=700)
    assert alone.sequencer.rested_ms == 3_000
    alone.decision.state = states.RETURNING
    alone.wish.limit_mdeg = GONE
    alone.tick(0, dt_ms=100)
    assert alone.sequencer.return_phase == sequencers.REST
    assert alone.sequencer.rested_ms == 3_100
    assert alone.wish.limit_mdeg == GONE  # it is not set anew


@pytest.mark.parametrize("state", [states.STOPPED, states.MOVING, states.HOLDING])
def test_a_return_after_anything_but_a_pause_begins_anew(state: int) -> None:
    alone = resting()
    alone.tick(0, dt_ms=3_000)
    alone.decision.state = state
    alone.tick(20_000)
    assert not alone.sequencer.returning
    alone.decision.state = states.RETURNING
    alone.tick(20_000)
    assert alone.sequencer.return_phase == sequencers.TO_FLAT
    assert alone.sequencer.rested_ms == 0
    assert alone.wish.limit_mdeg == 20_000


# --- the time left --------------------------------------------------------------------------


class Times:
    """A program that says what it was asked."""

    rest_ms = 8_000

    def left_ms(self, *asked: int) -> int:
        self.asked = asked
        return 111

    def return_left_ms(self, *asked: int) -> int:
        self.asked = asked
        return 222


def left(
    state: int, mode: int = MODE_SESSION, fault: int = faults.NO_FAULT, **attributes: int
) -> tuple[int, tuple[int, ...]]:
    """The time left 20 deg head-down, and what the program was asked for it."""
    sequencer, decision, times = Sequencer(), Decision(), Times()
    times.asked = ()
    decision.state, decision.mode, decision.fault = state, mode, fault
    sequencer.step_number = 3
    sequencer.set_index, sequencer.pass_index, sequencer.step_index = 4, 5, 6
    sequencer.held_ms = 70
    tilt_mdeg = attributes.pop("tilt_mdeg", 20_000)
    for name, value in attributes.items():
        assert hasattr(sequencer, name)
        setattr(sequencer, name, value)
    return sequencer.left_ms(times, decision, tilt_mdeg), times.asked


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED])
def test_time_left_in_a_session_is_the_programs_from_here(state: int) -> None:
    assert left(state) == (111, (4, 5, 6, 70, 20_000))
    assert left(state, step_number=1) == (111, (4, 5, 6, 70, 20_000))
    assert left(state, step_number=0) == (0, ())
    assert left(state, MODE_JOG) == (0, ())


@pytest.mark.parametrize("state", [*IDLE])
def test_no_time_is_left_when_nothing_runs(state: int) -> None:
    assert left(state) == (0, ())
    assert left(state, returning=1) == (0, ())
    assert left(state, MODE_NONE) == (0, ())


@pytest.mark.parametrize("state", [states.RETURNING, states.PAUSED])
@pytest.mark.parametrize(
    ("phase", "rested_ms", "fault", "rest_ms"),
    [
        (sequencers.TO_FLAT, 0, faults.NO_FAULT, 8_000),
        (sequencers.REST, 3_000, faults.NO_FAULT, 5_000),
        (sequencers.REST, 8_010, faults.NO_FAULT, 0),
        (sequencers.REST, 1_000, faults.SUPPLY_LOW, 4_000),
        (sequencers.TO_HOME, 0, faults.NO_FAULT, 0),
        (sequencers.CREEP, 0, faults.NO_FAULT, 0),
    ],
)
def test_time_left_on_the_way_home_has_what_is_left_of_the_rest(
    state: int, phase: int, rested_ms: int, fault: int, rest_ms: int
) -> None:
    given = {"returning": True, "return_phase": phase, "rested_ms": rested_ms}
    assert left(state, MODE_SESSION, fault, **given) == (222, (20_000, rest_ms))
    assert left(state, MODE_JOG, fault, **given) == (0, ())


@pytest.mark.parametrize(
    ("tilt_mdeg", "rest_ms"), [(20_000, 8_000), (501, 8_000), (500, 0), (-30_000, 0)]
)
def test_time_left_before_the_return_was_seen_goes_by_the_tilt(
    tilt_mdeg: int, rest_ms: int
) -> None:
    assert left(states.RETURNING, tilt_mdeg=tilt_mdeg) == (222, (tilt_mdeg, rest_ms))
    # What the last return left behind does not matter.
    given = {"return_phase": sequencers.TO_HOME, "rested_ms": 3_000}
    assert left(states.RETURNING, tilt_mdeg=tilt_mdeg, **given) == (222, (tilt_mdeg, rest_ms))


def test_no_time_is_left_without_a_program() -> None:
    decision = Decision()
    decision.state, decision.mode = states.RETURNING, MODE_SESSION
    assert Sequencer().left_ms(None, decision, 20_000) == 0


class Steps:
    """A program of which one step is looked at, and how long the way to it is said to be."""

    rest_ms = 8_000
    set_first = (0, 2, 5)
    hold_ms = (0, 0, 0, 3_000, 0, 0)

    def step_ms(self, *asked: int) -> int:
        self.asked = asked
        return 111


def step_left(
    state: int, mode: int = MODE_SESSION, fault: int = faults.NO_FAULT, **attributes: int
) -> tuple[int, tuple[int, ...]]:
    """The time left of the second step of the second set, and what the program was asked for it."""
    sequencer, decision, steps = Sequencer(), Decision(), Steps()
    steps.asked = ()
    decision.state, decision.mode, decision.fault = state, mode, fault
    sequencer.step_number, sequencer.set_index, sequencer.step_index = 3, 1, 1
    for name, value in attributes.items():
        assert hasattr(sequencer, name)
        setattr(sequencer, name, value)
    return sequencer.step_left_ms(steps, decision, 20_000), steps.asked


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED])
def test_time_left_of_a_step_is_the_way_there_then_what_is_left_of_its_hold(state: int) -> None:
    assert step_left(state) == (111, (3, 20_000))
    assert step_left(state, step_number=1) == (111, (3, 20_000))
    assert step_left(state, step_number=0) == (0, ())
    assert step_left(state, phase=sequencers.DONE) == (0, ())
    assert step_left(state, MODE_JOG) == (0, ())
    for held_ms, left_ms in ((0, 3_000), (70, 2_930), (2_999, 1), (3_000, 0), (3_010, 0)):
        assert step_left(state, phase=sequencers.HOLD, held_ms=held_ms) == (left_ms, ())


@pytest.mark.parametrize("state", [*IDLE])
def test_no_step_has_time_left_when_nothing_runs(state: int) -> None:
    assert step_left(state) == (0, ())
    assert step_left(state, returning=1, return_phase=sequencers.REST) == (0, ())


@pytest.mark.parametrize("state", [states.RETURNING, states.PAUSED])
@pytest.mark.parametrize(
    ("phase", "rested_ms", "fault", "left_ms"),
    [
        (sequencers.TO_FLAT, 0, faults.NO_FAULT, 0),
        (sequencers.REST, 3_000, faults.NO_FAULT, 5_000),
        (sequencers.REST, 7_999, faults.NO_FAULT, 1),
        (sequencers.REST, 8_000, faults.NO_FAULT, 0),
        (sequencers.REST, 8_010, faults.NO_FAULT, 0),
        (sequencers.REST, 1_000, faults.SUPPLY_LOW, 4_000),
        (sequencers.TO_HOME, 0, faults.NO_FAULT, 0),
        (sequencers.CREEP, 0, faults.NO_FAULT, 0),
    ],
)
def test_on_the_way_home_only_the_rest_has_time_left(
    state: int, phase: int, rested_ms: int, fault: int, left_ms: int
) -> None:
    given = {"returning": True, "return_phase": phase, "rested_ms": rested_ms}
    assert step_left(state, MODE_SESSION, fault, **given) == (left_ms, ())
    assert step_left(state, MODE_JOG, fault, **given) == (0, ())


def test_a_return_that_was_not_seen_yet_has_none_of_the_last_ones_rest() -> None:
    assert step_left(states.RETURNING, return_phase=sequencers.REST) == (0, ())


def test_no_step_has_time_left_without_a_program() -> None:
    decision = Decision()
    decision.state, decision.mode = states.MOVING, MODE_SESSION
    sequencer = Sequencer()
    sequencer.step_number = 1
    assert sequencer.step_left_ms(None, decision, 20_000) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CREEP_FROM_MDEG", -73_500),
        ("CREEP_TO_MDEG", -78_000),
        ("CREEP_RATE_MDEG_PER_S", 600),
        ("FLAT_MDEG", 500),
    ],
)
def test_the_figures_of_the_way_home(name: str, value: int) -> None:
    assert getattr(sequencers, name) == value
