"""What happens when the primary IMU dies at 60 deg head-down: a session under real MicroPython.

`python -m tests.benchmarks.tilt.primary_dies [PICTURE]` prints the figures, and draws the picture.
Tilt and error bound are the controller's own word over the link; truth is the bench's.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable

FAULT = "imu_primary_nack"
HEAD_DOWN_DEG = 60.0


@dataclass(frozen=True)
class Moment:
    """One look at the table; `time_s` counts from the injection."""

    time_s: float
    truth_deg: float
    tilt_deg: float
    bound_deg: float
    valid: bool
    state: str
    fault: str

    @property
    def error_deg(self) -> float:
        """Of the controller's tilt."""
        return self.tilt_deg - self.truth_deg


@dataclass(frozen=True)
class Story:
    """All moments, and what they come to."""

    moments: list[Moment]

    def errors(self, from_s: float, to_s: float) -> tuple[float, float]:
        """RMS and worst error between two times, in degrees."""
        found = [m.error_deg for m in self.moments if from_s <= m.time_s < to_s and m.valid]
        return (sum(e * e for e in found) / len(found)) ** 0.5, max(abs(e) for e in found)

    @property
    def returning_s(self) -> float:
        """From the fault until the controller said that it returns."""
        return next(m.time_s for m in self.moments if m.time_s > 0 and m.state == "RETURNING")

    @property
    def moving_s(self) -> float:
        """From the fault until the bed was 0.2 deg nearer to home."""
        start = next(m.truth_deg for m in self.moments if m.time_s >= 0)
        return next(m.time_s for m in self.moments if m.truth_deg < start - 0.2 and m.time_s > 0)

    @property
    def home_s(self) -> float:
        """From the fault until home."""
        return self.moments[-1].time_s

    @property
    def step_deg(self) -> float:
        """The largest step of the controller's tilt between two looks while the bed stood."""
        near = [m for m in self.moments if -0.5 <= m.time_s <= 0.5]
        return max(abs(b.tilt_deg - a.tilt_deg) for a, b in pairwise(near))

    @property
    def silent(self) -> int:
        """Looks at which the controller had no valid tilt."""
        return sum(not m.valid for m in self.moments)


def tell(operator: Operator) -> Story:
    """Hold head-down, lose the primary, and watch until home. Looks every 10 ms around it."""
    table = operator.table
    operator.upload(simple_plan((HEAD_DOWN_DEG, 60)))
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    operator.wait(10)
    moments: list[Moment] = []
    begin_ms = table.now_ms + 3_000

    def look() -> Moment:
        status = operator.status()
        truth = table.truth
        return Moment(
            (table.now_ms - begin_ms) / 1_000,
            truth.tilt_deg,
            status["tilt_mdeg"] / 1_000,
            status["tilt_error_mdeg"] / 1_000,
            status["tilt_valid"],
            status["state"],
            status["fault"],
        )

    injected = False
    while table.now_ms < begin_ms + 200_000:
        if not injected and table.now_ms >= begin_ms:
            table.inject(FAULT)
            injected = True
        moments.append(look())
        near = abs(table.now_ms - begin_ms) < 1_500
        table.advance(10 if near else 100)
        if injected and table.truth.at_home_switch:
            break
    moments.append(look())
    return Story(moments)


def draw(story: Story, file: Path) -> None:
    """Tilt, error and bound around the loss and on the way home."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained", sharex="col")
    for column, (from_s, to_s) in enumerate(((-1.0, 2.0), (-3.0, story.home_s))):
        shown = [m for m in story.moments if from_s <= m.time_s <= to_s]
        time_s = [m.time_s for m in shown]
        above, below = axes[0][column], axes[1][column]
        above.plot(time_s, [m.truth_deg for m in shown], color="black", label="truth")
        above.plot(time_s, [m.tilt_deg for m in shown], "--", color="tab:green", label="controller")
        below.plot(time_s, [m.error_deg for m in shown], color="tab:green", label="error")
        for sign in (1, -1):
            below.plot(
                time_s,
                [sign * m.bound_deg for m in shown],
                color="tab:gray",
                linewidth=0.8,
                label="its own bound" if sign == 1 else None,
            )
        for axis in (above, below):
            axis.axvline(0, color="tab:red", linewidth=0.9)
            axis.axvline(story.returning_s, color="tab:blue", linewidth=0.9)
            axis.grid(alpha=0.3)
        below.set_ylim(-2, 2)
        below.set_xlabel("time since the primary IMU died, s")
    axes[0][0].set_ylabel("tilt, deg")
    axes[1][0].set_ylabel("tilt error, deg")
    # Where nothing is drawn: the way home leaves the upper right free, above and below.
    axes[0][1].legend(loc="upper right")
    axes[1][0].legend(loc="lower left", ncols=2)
    figure.suptitle("The primary IMU dies (red) at 60° head-down; the return begins (blue)")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Tell the story."""
    with VirtualTable(seed=1, provision=calibrated(1)) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME", 60_000)
        story = tell(operator)
        operator.close()
    before, after = story.errors(-3, 0), story.errors(0.06, 999)
    print(f"error before, RMS (worst): {before[0]:.2f} ({before[1]:.2f}) deg")
    print(f"error after, RMS (worst):  {after[0]:.2f} ({after[1]:.2f}) deg")
    print(f"step in the tilt:          {story.step_deg:.2f} deg")
    print(f"return said after:         {story.returning_s:.2f} s")
    print(f"bed on its way after:      {story.moving_s:.2f} s")
    print(f"home after:                {story.home_s:.1f} s")
    print(f"looks without valid tilt:  {story.silent} of {len(story.moments)}")
    if sys.argv[1:]:
        draw(story, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
