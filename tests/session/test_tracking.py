"""The loop on the reference drive: 10 deg/s at full duty, 2 % of friction, 30 ms of lag."""

import pytest

from inversion_table.session.motion import Motion
from tests.session.simulated_table import Bed

WAYS = [(-75_000, -60_000), (0, 20_000), (30_000, 0), (0, 500), (60_000, 59_000), (-20_000, 15_000)]


class Run:
    """One move on a bed: the worst error against the reference, and past the target, in mdeg."""

    def __init__(self, bed: Bed, target: int, rate: int, acceleration: int, gaps=(10,)) -> None:
        motion = Motion()
        motion.hold_at(round(bed.tilt_mdeg))
        outward = target > bed.tilt_mdeg
        self.error = self.overshoot = 0.0
        self.time_ms = 0
        self.arrived = False
        duty = 0
        for tick in range(20_000):
            dt_ms = gaps[tick % len(gaps)]
            bed.advance(duty, dt_ms)
            self._past(bed, target, outward)
            self.time_ms += dt_ms
            self.arrived = motion.move(
                int(bed.tilt_mdeg), int(bed.rate_mdeg_per_s), target, rate, acceleration, dt_ms
            )
            self.error = max(self.error, abs(bed.tilt_mdeg - motion.ref_udeg / 1_000))
            if self.arrived:
                break
            # The kernel lets the duty rise by 60 permille a tick at most, and fall at once.
            wanted = motion.duty_permille
            if duty * wanted <= 0:
                duty = max(-60, min(60, wanted))
            elif abs(wanted) > abs(duty) + 60:
                duty += 60 if wanted > 0 else -60
            else:
                duty = wanted
        for _ in range(50):  # after arrival: no drive, and it coasts out
            bed.advance(0, 10)
            self._past(bed, target, outward)

    def _past(self, bed: Bed, target: int, outward: bool) -> None:
        past = bed.tilt_mdeg - target if outward else target - bed.tilt_mdeg
        self.overshoot = max(self.overshoot, past)


@pytest.mark.parametrize("rate", [200, 300, 600, 1_000, 2_000, 3_000, 4_500, 6_000])
@pytest.mark.parametrize("acceleration", [500, 599, 2_000, 3_000])
def test_the_reference_drive_is_tracked(rate: int, acceleration: int) -> None:
    for start, target in WAYS:
        run = Run(Bed(start), target, rate, acceleration)
        assert run.arrived
        assert run.error < 100, (start, target)  # asked for: 1 deg
        assert run.overshoot < 60, (start, target)  # asked for: 0.5 deg


@pytest.mark.parametrize("rate", [200, 1_000, 3_000, 6_000])
@pytest.mark.parametrize(("gain", "friction"), [(8.0, 40.0), (12.0, 10.0), (9.0, 60.0)])
def test_a_drive_that_is_off_its_figures_is_tracked_within_a_degree(rate, gain, friction) -> None:
    for start, target in WAYS:
        run = Run(Bed(start, gain, friction), target, rate, 2_000)
        assert run.arrived
        assert run.error < 1_000, (start, target)
        assert run.overshoot < 500, (start, target)


@pytest.mark.parametrize("gaps", [(9, 11), (10,) * 99 + (400,), (400, 0, 0, 0, 10, 10, 10, 10)])
def test_late_ticks_are_survived(gaps: tuple) -> None:
    for start, target in WAYS:
        run = Run(Bed(start), target, 3_000, 2_000, gaps)
        assert run.arrived
        assert run.overshoot < 1_500  # while nobody looks, the bed goes on


def test_a_bed_that_does_not_move_never_arrives_and_is_driven_hard() -> None:
    stuck = Bed(0, mdeg_per_s_per_permille=0.0)
    run = Run(stuck, 20_000, 3_000, 2_000)
    assert not run.arrived
