"""A plan as a picture: the profile with its head-down parts, limits and sums."""

from pathlib import Path
from typing import TYPE_CHECKING

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session import profile
from itable import pictures
from itable.plans import timeline
from itable.plans.loading import Judged
from itable.screen.chart import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS_IN_A_MOVE = 40


def write_picture(judged: Judged, path: Path) -> None:
    """Draw a plan without problems into `path`; raises InputError."""
    plan, settings = judged.plan, judged.settings
    stretches = list(timeline.stretches(plan, settings.acceleration_mdeg_per_s2))
    sums = judged.sums()
    figure = pictures.new_figure(12, 5.4)
    axes = figure.add_axes((0.065, 0.12, 0.915, 0.70))
    pictures.dress(axes)
    limit_deg = plans.tilt_limit(settings) / 1000
    pictures.degrees_axis(axes, -85, max(limit_deg, sums.tilt_max_mdeg / 1000) + 16)
    axes.set_xlim(0, sums.total_ms / 1000)
    pictures.minutes_axis(axes, sums.total_ms / 1000)
    axes.set_ylabel("tilt (positive = head down)", color=pictures.INK, fontsize=10)

    times_s, tilts_deg = _curve(stretches)
    head_down = limits.HEAD_DOWN_TILT_MDEG / 1000
    axes.fill_between(
        times_s,
        0,
        tilts_deg,
        where=[tilt > head_down for tilt in tilts_deg],
        color=pictures.HEAD_DOWN,
        alpha=0.28,
        linewidth=0,
        interpolate=True,
    )
    axes.plot(times_s, tilts_deg, color=pictures.MEASURED, linewidth=2)
    axes.axhline(limit_deg, color=pictures.LIMIT, linewidth=1.2, linestyle=(0, (6, 3)), zorder=1.5)
    axes.annotate(
        f"device limit {limit_deg:g}°",
        (0, limit_deg),
        (6, 4),
        textcoords="offset points",
        color=pictures.LIMIT,
        fontsize=9,
    )
    _label_holds(axes, stretches, sums.total_ms, limit_deg)
    figure.text(0.065, 0.935, plan.name, fontsize=15, fontweight="bold", color=pictures.INK)
    figure.text(
        0.065,
        0.885,
        f"plan {plan.plan_id()}  ·  {clock(sums.total_ms)} min in all"
        f" (limit {clock(min(settings.session_max_ms, limits.SESSION_MAX_MS))})"
        f"  ·  head-down {clock(sums.head_down_ms)},"
        f" at a stretch {clock(sums.head_down_stretch_ms)}"
        f" (limit {clock(min(settings.head_down_max_ms, limits.HEAD_DOWN_MAX_MS))})",
        fontsize=10,
        color=pictures.FAINT,
    )
    pictures.save(figure, path)


def _curve(stretches: list[timeline.Stretch]) -> tuple[list[float], list[float]]:
    times_s: list[float] = []
    tilts_deg: list[float] = []
    for stretch in stretches:
        count = _POINTS_IN_A_MOVE if stretch.from_mdeg != stretch.to_mdeg else 1
        for point in range(count + 1):
            at_ms = stretch.start_ms + stretch.duration_ms * point / count
            times_s.append(at_ms / 1000)
            tilts_deg.append(stretch.tilt_deg(at_ms))
    return times_s, tilts_deg


def _label_holds(
    axes: "Axes", stretches: list[timeline.Stretch], total_ms: int, limit_deg: float
) -> None:
    """Write tilt and time at holds long enough for the words; below the curve near the limit."""
    for stretch in stretches:
        if stretch.kind not in (profile.HOLD, profile.REST):
            continue
        if stretch.duration_ms < total_ms / 45:
            continue
        tilt_deg = stretch.to_mdeg / 1000
        rest = "rest " if stretch.kind == profile.REST else ""
        above = tilt_deg > 0 and not limit_deg - 12 < tilt_deg <= limit_deg
        axes.annotate(
            f"{rest}{tilt_deg:g}°\n{clock(stretch.duration_ms)}",
            ((stretch.start_ms + stretch.duration_ms / 2) / 1000, tilt_deg),
            (0, 4 if above else -6),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=9 if stretch.duration_ms >= total_ms / 18 else 7.5,
            color=pictures.INK,
        )
