"""The solver, the captures and the first guess, against tables whose true errors are known."""

import json
import math
import random
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.estimation.table_calibration import FULL, TableCalibration
from itable import exits
from itable.calibrate.algebra import product, times, transposed, turn
from itable.calibrate.capture import AGREE_G, WINDOWS, Capture, apart_deg
from itable.calibrate.mounts import guess, square_mounts
from itable.calibrate.record import calibration_of, first_guess, fitted, tilt_by
from itable.calibrate.six import POSITIONS, SixPositions, load_six, save_six, solve_six
from itable.calibrate.solver import ROLES, Implausible, Rest, fit, up
from itable.calibrate.walk import Walk, judge
from itable.errors import CalibrationFailedError, LinkError
from itable.link.models import ImuRest, Status
from table_bench.imu.errors import ImuErrors
from table_bench.plant.imu_specimens import draw_specimens
from tests.host.fake_table import STATUS, WINDOW

NOISE_G = {"primary": 0.00006, "monitor": 0.0003}
WALK_DEG = (-75.2, -50.0, -25.0, 0.4, 21.0, -75.0)
LEVEL = 3
SQUARE = list(square_mounts())
TILTS = range(-80, 91, 5)


def some(draw, most):
    """A vector with each part up to `most`."""
    return draw.uniform(-most, most), draw.uniform(-most, most), draw.uniform(-most, most)


def reading(errors, ideal, draw=None, noise_g=0.0):
    """What a sensor with these errors reads when "up" is `ideal` in bed axes."""
    felt = times(errors.mount, ideal)
    return tuple(
        errors.accel_scale[i] * felt[i]
        + errors.accel_bias_g[i]
        + (draw.gauss(0, noise_g) if draw else 0.0)
        for i in range(3)
    )


def specimens(seed, turned=None):
    """The bench's own draw of errors, with the boards turned besides."""
    return {
        role: replace(errors, mount=product(turned[role], errors.mount)) if turned else errors
        for role, errors in draw_specimens(seed).items()
    }


def walked(errors, tilts=WALK_DEG, seed=1, level=LEVEL, level_error_deg=0.0):
    draw = random.Random(seed)
    rests = []
    for at, tilt in enumerate(tilts):
        rest = Rest(
            str(tilt),
            {
                role: reading(errors[role], up(math.radians(tilt)), draw, NOISE_G[role])
                for role in ROLES
            },
            {role: errors[role].gyro_bias_dps for role in ROLES},
            NOISE_G,
            dict.fromkeys(ROLES, 25.0),
        )
        if at == level:
            rest = replace(rest, tilt_deg=tilt + level_error_deg, tilt_sigma_deg=0.15)
        elif at == 0:
            rest = replace(rest, tilt_deg=-75.0, tilt_sigma_deg=1.5)
        rests.append(rest)
    return rests


def worst_deg(record, errors, role, tilts=TILTS):
    """By the table's own integers: the worst tilt error over the whole way."""
    calibration = calibration_of(record, role)
    return max(
        abs(tilt_by(calibration, reading(errors[role], up(math.radians(tilt)))) - tilt)
        for tilt in tilts
    )


@pytest.mark.requirement("RQ-117")
@pytest.mark.parametrize("seed", range(12))
def test_every_specimen_comes_out_right_and_within_its_promise(seed):
    draw = random.Random(seed)
    turned = {role: product(turn(some(draw, 0.5)), draw.choice(SQUARE)) for role in ROLES}
    errors = specimens(seed, turned if seed % 2 else None)
    answer = fit(walked(errors, seed=seed))
    judge(answer)
    record = fitted(answer, FULL)
    TableCalibration(record)
    for role in ROLES:
        worst = worst_deg(record, errors, role)
        assert worst < 0.3
        assert worst < answer.sensors[role].residual_deg < (1.0 if seed % 2 else 0.7)
        for mine, true in zip(
            answer.sensors[role].gyro_bias_dps, errors[role].gyro_bias_dps, strict=True
        ):
            assert mine == pytest.approx(true)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.sampled_from(SQUARE), st.sampled_from(SQUARE),
    st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3), st.integers(0, 10_000),
)  # fmt: skip
def test_any_mount_is_found(first, second, skew, seed):
    errors = specimens(
        seed, {"primary": product(turn((skew[0], skew[1], skew[2])), first), "monitor": second}
    )
    answer = fit(walked(errors, seed=seed))
    for role in ROLES:
        # The bed's axes are the columns of the true mount; roll and yaw show in no tilt.
        hinge = transposed(errors[role].mount)[1]
        assert sum(a * b for a, b in zip(answer.sensors[role].mount[1], hinge, strict=True)) > 0.995
        assert worst_deg(fitted(answer, FULL), errors, role) < 0.35


def test_what_the_rests_do_not_tell_is_said():
    answer = fit(walked(specimens(3)))
    primary = answer.sensors["primary"]
    # Along the hinge the scale shows in no rest: it stays as the data sheet has it.
    assert primary.scale_sigma[1] == pytest.approx(0.01, rel=0.05)
    assert primary.scale_sigma[0] < 0.003
    # A worse level makes every tilt worse, and no fit can know it.
    worse = fit([replace(rest, tilt_sigma_deg=0.6) if at == LEVEL else rest
                 for at, rest in enumerate(walked(specimens(3)))])  # fmt: skip
    assert worse.sensors["primary"].residual_deg > primary.residual_deg + 0.3


def test_fewer_rests_promise_less():
    few = fit(walked(specimens(3), (-75.2, -40.0, 0.3), level=2))
    many = fit(walked(specimens(3)))
    for role in ROLES:
        assert few.sensors[role].residual_deg > many.sensors[role].residual_deg
        assert worst_deg(fitted(few, FULL), specimens(3), role, range(-75, 1, 5)) < 0.5


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rests: rests[:3], "span"),
        (lambda rests: [*rests[:2], moved(rests[2], "primary", 0.05), *rests[3:]], "contradict"),
        (
            lambda rests: [*rests[:3], replace(rests[3], tilt_deg=9.0), *rests[4:]],
            "contradict|home",
        ),
        (lambda rests: [rests[0]] * 4, "length|determined"),
    ],
)
def test_rests_that_do_not_go_together_are_refused(spoil, words):
    with pytest.raises(Implausible, match=words):
        judge(fit(spoil(walked(specimens(4)))))


def moved(rest, role, off_g):
    x, y, z = rest.force_g[role]
    return replace(rest, force_g={**rest.force_g, role: (x + off_g, y, z - off_g)})


def test_there_are_24_ways_to_mount_a_board():
    assert len(SQUARE) == len(set(SQUARE)) == 24


@pytest.mark.parametrize("mount", range(24))
def test_home_alone_tells_which_of_them_it_is(mount):
    draw = random.Random(mount)
    skew = turn(some(draw, 0.06))
    errors = ImuErrors(mount=product(skew, SQUARE[mount]), accel_bias_g=(0.02, -0.02, 0.02))
    felt = reading(errors, up(math.radians(-75.0)))
    found, askew_deg = guess(felt, -75.0)
    assert askew_deg < 7.0
    for tilt in (-75, -50, -25, 0, 25):
        x, _, z = times(found, reading(errors, up(math.radians(tilt))))
        assert math.degrees(math.atan2(-x, z)) == pytest.approx(tilt, abs=8.0)


def test_a_board_far_askew_is_told():
    errors = ImuErrors(mount=turn((0.0, 0.17, 0.0)))
    assert guess(reading(errors, up(math.radians(-75.0))), -75.0)[1] == pytest.approx(9.74, abs=0.1)


def test_a_first_guess_reads_home_at_home():
    errors = specimens(9, {"primary": SQUARE[5], "monitor": SQUARE[17]})
    home = walked(errors)[0]
    record, _ = first_guess(home, -74.0)
    TableCalibration(record)
    for role in ROLES:
        assert tilt_by(calibration_of(record, role), home.force_g[role]) == pytest.approx(
            -74, abs=0.02
        )


# --- six positions -----------------------------------------------------------------------------


def in_hand(errors, seed=1, positions=POSITIONS):
    draw = random.Random(seed)
    faces = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    rests = []
    for x, y, z in faces[:positions]:
        lie = turn(some(draw, 0.15))
        ideal = times(lie, (float(x), float(y), float(z)))
        rests.append(
            Rest(
                "",
                {role: reading(errors[role], ideal, draw, NOISE_G[role]) for role in ROLES},
                dict.fromkeys(ROLES, (0.0, 0.0, 0.0)),
                NOISE_G,
                dict.fromkeys(ROLES, 25.0),
            )
        )
    return rests


@pytest.mark.parametrize("seed", range(5))
def test_six_positions_give_bias_and_scale_and_make_the_walk_surer(seed):
    errors = specimens(seed)
    priors = {role: solve_six(in_hand(errors, seed), role) for role in ROLES}
    for role, prior in priors.items():
        for i in range(3):
            assert prior.bias_g[i] == pytest.approx(errors[role].accel_bias_g[i], abs=0.002)
            assert 1 / (1 + prior.scale[i]) == pytest.approx(errors[role].accel_scale[i], abs=0.002)
    rests = walked(errors, seed=seed)
    with_six, without = fit(rests, priors), fit(rests)
    for role in ROLES:
        assert with_six.sensors[role].residual_deg < without.sensors[role].residual_deg
        assert worst_deg(fitted(with_six, FULL), errors, role) < 0.2


def test_a_broken_sensor_is_found_in_six_positions():
    rests = in_hand(specimens(1))
    rests[2] = moved(rests[2], "monitor", 0.6)
    with pytest.raises(Implausible, match="the monitor IMU would need"):
        solve_six(rests, "monitor")
    rests += [moved(rest, "monitor", 0.05) for rest in in_hand(specimens(1), 2)]
    rests[2] = in_hand(specimens(1))[2]
    with pytest.raises(Implausible, match="the monitor IMU feels"):
        solve_six(rests, "monitor")


def test_six_positions_are_kept_for_each_device():
    priors = {role: solve_six(in_hand(specimens(1)), role) for role in ROLES}
    assert load_six("abc") is None
    save_six("abc", priors)
    assert load_six("abc") == priors
    save_six("abc", priors).write_text("{}")
    assert load_six("abc") is None


# --- captures ----------------------------------------------------------------------------------


def windows(number, mean=None, **changes):
    values = {**WINDOW, "window": number, **changes}
    if mean is not None:
        values["mean"] = mean
    return ImuRest.model_validate({"primary": values, "monitor": values})


@pytest.mark.requirement("RQ-116")
def test_a_rest_is_made_of_still_windows_that_agree():
    capture = Capture()
    for number in range(WINDOWS):
        for _ in range(3):  # asked more often than windows end
            capture.feed(windows(number))
        assert capture.rest("x") is None
    capture.feed(windows(WINDOWS))
    rest = capture.rest("x")
    assert rest is not None
    assert rest.force_g["primary"] == pytest.approx((0.9659, 0, 0.2588))
    assert capture.progress() == 1.0
    assert capture.why_not == ""


@pytest.mark.requirement("RQ-116")
@pytest.mark.parametrize(
    ("verdict", "words"), [("moving", "moves"), ("shaken", "shakes"), ("lost", "no readings")]
)
def test_a_window_that_is_none_begins_anew_and_says_why(verdict, words):
    capture = Capture()
    for number in range(WINDOWS):
        capture.feed(windows(number))
    capture.feed(windows(WINDOWS, verdict=verdict))
    assert words in capture.why_not
    assert capture.progress() == 0.0
    for number in range(WINDOWS + 1, 2 * WINDOWS + 1):
        capture.feed(windows(number))
    assert capture.rest("x") is None


@pytest.mark.requirement("RQ-116")
def test_a_bed_that_creeps_between_windows_is_no_rest():
    capture = Capture()
    for number in range(10):
        capture.feed(windows(number, [round(number * AGREE_G * 1.1e6), 0, 1_000_000, 0, 0, 0]))
        assert capture.rest("x") is None


def test_how_far_two_rests_are_apart():
    first, second = walked(specimens(1))[:2]
    assert apart_deg(first, second) == pytest.approx(25.2, abs=1.0)


# --- the walk, with a table that is a list of poses -----------------------------------------------


class Poses:
    """Link and person in one: boards that lie as each pose says; a step further when captured."""

    def __init__(self, errors, ideals, angles=()):
        self.client = self
        self.errors = errors
        self.ideals = list(ideals)
        self.angles = list(angles)
        self.at = 0
        self.record: Any = None
        self.window = 0
        self.now_s = 0.0
        self.said = []
        self.views = []

    def rest(self):
        windows = {}
        for role in ROLES:
            force = reading(self.errors[role], self.ideals[self.at])
            mean = [round(part * 1e6) for part in force] + [0, 0, 0]
            windows[role] = {**WINDOW, "window": self.window, "mean": mean}
        return ImuRest.model_validate(windows)

    def status(self):
        return Status.model_validate({**STATUS, "inputs": {"home_switch": self.at == 0}})

    def wait(self, seconds):
        self.window += 1
        self.now_s += seconds

    def now(self):
        return self.now_s

    def say(self, text):
        self.said.append(text)
        if "captured" in text:
            self.at = min(self.at + 1, len(self.ideals) - 1)

    def show(self, view):
        self.views.append(view)

    def angle(self, question, default):
        if default is None:
            self.at += 1  # from home on
            return None
        before = self.angles.pop(0)
        if before == "moved":
            self.at += 1
            before = 0.5
        return before

    def get_calibration(self):
        return SimpleNamespace(current=self.record)


def flat_home(deg):
    return up(math.radians(deg))


def test_six_positions_are_taken_one_after_another():
    errors = specimens(2)
    ideals = [(1.0, 0, 0), (-1.0, 0, 0), (0, 1.0, 0), (0, -1.0, 0), (0, 0, 1.0), (0, 0, -1.0)]
    poses: Any = Poses(errors, ideals)
    priors = SixPositions(poses, poses).run_six()
    for role in ROLES:
        assert priors[role].bias_g == pytest.approx(errors[role].accel_bias_g, abs=0.002)
    assert len([text for text in poses.said if "captured" in text]) == POSITIONS


def test_a_face_that_was_up_before_is_not_taken_again():
    poses: Any = Poses(specimens(2), [(1.0, 0, 0), (0.95, 0.3, 0)])
    with pytest.raises(CalibrationFailedError, match="lies about as it did before"):
        SixPositions(poses, poses, patience_s=20).run_six()


def test_a_bed_that_was_moved_while_its_level_was_asked_is_asked_again():
    errors = specimens(2)
    poses: Any = Poses(
        errors, [flat_home(tilt) for tilt in (-75, -50, -25, 3.0, 0.5, 20, -75)],
        angles=[25.0, "moved", 0.5],
    )  # fmt: skip
    home = walked(errors)[0]
    poses.record, _ = first_guess(home, -75.0)
    walk = Walk(poses, poses, patience_s=60)
    with pytest.raises(CalibrationFailedError, match="home again"):
        walk.run()  # these poses never come back to the home switch
    level = walk.rests[3]
    assert level.tilt_deg == 0.5
    assert tilt_by(calibration_of(poses.record, "primary"), level.force_g["primary"]) < 2.5
    assert any("25° is not level" in text for text in poses.said)
    assert any("moved meanwhile" in text for text in poses.said)


class Stumbling(Poses):
    """Its boards differ so much that the fourth pose is home again, with a fault latched."""

    kept: int = 0

    def status(self):
        stumbled = self.at == 3
        fault = {
            "code": 9, "name": "IMU_DISAGREE", "age_ms": 5_000, "state": "MOVING",
            "tilt_mdeg": -20_000, "rate_mdeg_per_s": 1_000, "current_ma": 900, "supply_mv": 24_000,
        }  # fmt: skip
        return Status.model_validate({
            **STATUS,
            "inputs": {"home_switch": stumbled or self.at == 0},
            "last_fault": fault if stumbled else None,
        })  # fmt: skip

    def put_calibration(self, record):
        self.record = record
        self.kept += 1
        self.at += 1
        return SimpleNamespace(version=self.kept)

    def reopen(self):
        pass


def test_a_table_that_stumbles_over_its_boards_learns_what_the_rests_so_far_tell():
    errors = specimens(2)
    poses: Any = Stumbling(errors, [flat_home(tilt) for tilt in (-75, -50, -25, -75, 0.5, 20)])
    guess, _ = first_guess(walked(errors)[0], -75.0)
    poses.record = guess
    poses.angles = [0.5]
    with pytest.raises(CalibrationFailedError):
        Walk(poses, poses, patience_s=60).run()  # these poses end there
    assert poses.kept == 1
    assert any("boards differ too much" in text for text in poses.said)
    for role in ROLES:
        off_deg = tilt_by(calibration_of(poses.record, role), reading(errors[role], flat_home(-35)))
        assert abs(off_deg + 35) < 1.0, role


@pytest.mark.requirement("RQ-128")
@pytest.mark.parametrize("broken", [1, 2])
def test_a_reply_that_the_restart_cuts_off_is_asked_for_once_more(broken):
    asked = []

    def put(record):
        asked.append(record)
        if len(asked) <= broken:
            raise LinkError("the link broke", next_step="check the cable")
        return SimpleNamespace(version=7)

    status = Status.model_validate({**STATUS, "state": "HOME"})
    client = SimpleNamespace(put_calibration=put, status=lambda: status)
    link: Any = SimpleNamespace(
        now=time.monotonic, wait=lambda _s: None, reopen=lambda: None, client=client
    )
    record = {"home_mdeg": -75_300}
    if broken == 1:
        assert Walk(link, link).put_back(record) == 7
    else:
        with pytest.raises(LinkError, match="the link broke"):
            Walk(link, link).put_back(record)
    assert asked == [record, record]


def test_a_rest_too_near_to_another_is_not_taken():
    errors = specimens(2)
    poses: Any = Poses(errors, [flat_home(tilt) for tilt in (-75, -69)])
    poses.record, _ = first_guess(walked(errors)[0], -75.0)
    with pytest.raises(CalibrationFailedError, match="too near to a rest before"):
        Walk(poses, poses, patience_s=20).run()


@pytest.mark.parametrize("role", ROLES)
def test_an_imu_without_readings_is_named(role):
    poses: Any = Poses(specimens(2), [flat_home(-75)])
    seen = poses.rest()
    silent = seen.model_copy(
        update={role: getattr(seen, role).model_copy(update={"verdict": "lost"})}
    )
    poses.rest = lambda: silent
    with pytest.raises(CalibrationFailedError, match=f"no readings from the {role} IMU"):
        Walk(poses, poses).run()


# --- the command -------------------------------------------------------------------------------


def test_without_a_terminal_it_says_what_to_do(run, table):
    result = run("calibrate", "--port", table.port)
    assert result.exit_code == exits.PROBLEM
    assert "--yes" in result.stderr


def test_a_bed_away_from_home_is_refused(run, table):
    table.table.status["inputs"] = {**table.table.status["inputs"], "home_switch": False}
    result = run("calibrate", "--port", table.port, "--yes", "--json")
    assert result.exit_code == exits.PROBLEM
    error = json.loads(result.stdout)["error"]
    assert error["what"] == "the bed is not at home"
    assert "RETURN" in error["next"]


@pytest.mark.parametrize(
    ("verdict", "what"), [("moving", "the bed moves"), ("shaken", "the bed shakes")]
)
def test_a_bed_that_never_rests_is_refused_with_the_reason(run, table, verdict, what):
    for window in table.table.windows.values():
        window["verdict"] = verdict
    result = run("calibrate", "--port", table.port, "--yes", "--patience", "5")
    assert result.exit_code == exits.PROBLEM
    assert what in result.stderr


def test_undo_needs_something_to_go_back_to(run, table):
    result = run("calibrate", "--port", table.port, "--undo", "--yes")
    assert result.exit_code == exits.PROBLEM
    assert "no calibration but the present one" in result.stderr


def test_settings_show_tells_of_the_calibration(run, table):
    assert "version" not in run("settings", "show", "--port", table.port).stdout
    record, _ = first_guess(walked(specimens(1))[0], -75.0)
    table.table.calibration.update(
        calibrated=False, tilt_max_mdeg=30_000, slot="b", current={**record, "version": 4},
        previous={**record, "kind": "full", "version": 3}, arrivals=[[100, -50, 24_000]] * 9,
    )  # fmt: skip
    text = " ".join(run("settings", "show", "--port", table.port).stdout.split())
    assert "a first guess only; the table limits itself to 30°" in text
    assert "version 3" in text
    assert "arrivals at home since: 9" in text
    answer = json.loads(run("settings", "show", "--port", table.port, "--json").stdout)
    assert answer["calibration"]["slot"] == "b"


def test_status_warns_of_an_uncalibrated_and_of_a_drifting_table(run, table):
    assert "calibrated" not in run("status", "--port", table.port).stdout
    table.table.status.update(calibrated=False, home_off_mdeg=-1_500)
    text = run("status", "--port", table.port).stdout
    assert "not calibrated: at most 30° head-down" in text
    assert "a tilt sensor is −1.5° off at home" in text
