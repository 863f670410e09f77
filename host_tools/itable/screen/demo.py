"""The demo on the screen: progress while it runs, a table of what came of it."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from itable.link.models import Status
from itable.log.decode import SessionLog
from itable.plans.loading import Judged
from itable.screen.chart import clock
from itable.screen.status import degrees, state_sentence
from itable.virtual.judging import Verdict


@dataclass(frozen=True)
class Report:
    """What the demo found; `table_s` is the wall time that the virtual table was up."""

    judged: Judged
    log: SessionLog
    verdict: Verdict
    files: tuple[Path, ...]
    virtual_s: float
    table_s: float
    wall_s: float

    @property
    def speed(self) -> float:
        """Virtual time per wall time, starting the firmware and pulling the log included."""
        return self.virtual_s / self.table_s

    def to_dict(self) -> dict[str, object]:
        """The report as `--json` prints it."""
        return {
            "plan_id": self.judged.plan.plan_id(),
            "plan_name": self.judged.plan.name,
            "planned": self.judged.sums().to_dict(),
            "duration_ms": self.log.duration_ms,
            "truth": self.verdict.to_dict(),
            "samples": len(self.log.columns),
            "log_bytes": self.log.byte_count,
            "bytes_per_sample": round(self.log.bytes_per_sample, 3),
            "missing": self.log.missing,
            "speed": round(self.speed, 1),
            "wall_s": round(self.wall_s, 2),
            "files": [str(path) for path in self.files],
        }


class Course:
    """Live progress on a terminal, a line for each step elsewhere, nothing when `quiet`."""

    def __init__(self, judged: Judged, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._total_ms = judged.sums().total_ms
        self._said = ""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[facts]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "starting the virtual table", total=self._total_ms, facts=""
        )

    def __enter__(self) -> Self:
        if not self._quiet:
            self._console.print("A prescribed session on a virtual table: real MicroPython, "
                                "simulated bed and rider.")  # fmt: skip
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def seen(self, status: Status) -> None:
        """Show what the table does."""
        tilt = degrees(status.tilt_mdeg).rjust(7)
        left_ms = max(self._total_ms - status.session_ms, 0)
        step = f"step {status.step} of {status.steps}" if status.step else ""
        self._progress.update(
            self._task,
            completed=status.session_ms,
            description=state_sentence(status).ljust(18),
            facts=f"tilt {tilt}  {step}  {clock(left_ms)} left",
        )
        if status.session_ms:
            self._line(f"{clock(status.session_ms):>6}  {step}: {state_sentence(status)}", step)

    def say(self, words: str) -> None:
        """Show what goes on besides the session."""
        self._progress.update(self._task, description=words.ljust(18), facts="")
        self._line(words, words)

    def _line(self, words: str, mark: str) -> None:
        if self._quiet or self._console.is_terminal or mark == self._said:
            return
        self._said = mark
        self._console.print(words)


def table(report: Report) -> RenderableType:
    """The summary of a demo."""
    verdict, sums = report.verdict, report.judged.sums()
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    grid.add_column(style="bright_black")
    grid.add_column()
    grid.add_row("plan", f"{report.judged.plan.name} ({report.judged.plan.plan_id()})")
    grid.add_row(
        "session",
        f"{clock(report.log.duration_ms)} min (planned {clock(sums.total_ms)}),"
        f" {len(report.log.events)} events",
    )
    grid.add_row("greatest tilt", f"{verdict.max_tilt_deg:.2f}° (true)")
    grid.add_row(
        "head-down", f"{verdict.head_down_s:.0f} s (true; planned {sums.head_down_ms / 1000:.0f} s)"
    )
    grid.add_row(
        "worst tracking error",
        f"{verdict.worst_error_deg:.2f}° against bench truth (rms {verdict.rms_error_deg:.2f}°)",
    )
    grid.add_row("worst overshoot", f"{verdict.worst_overshoot_deg:.2f}° against bench truth")
    grid.add_row(
        "log",
        f"{report.log.byte_count} bytes, {len(report.log.columns)} samples,"
        f" {report.log.bytes_per_sample:.2f} bytes a sample",
    )
    grid.add_row(
        "speed", f"{report.speed:.0f} times real time; {report.wall_s:.1f} s on the wall clock"
    )
    rows: list[RenderableType] = [Text(""), grid, Text("")]
    rows += [Text(str(path), overflow="fold") for path in report.files]
    rows += [Text(f"missing: {gap}", "yellow") for gap in report.log.missing]
    return Group(*rows)
