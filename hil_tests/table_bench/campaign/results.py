"""One finished run as one line of JSON, appended whole: an interrupted campaign loses nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from table_bench.campaign.plan_of_runs import parse
from table_bench.campaign.play import Unreachable, play
from table_bench.campaign.verdict import judge


@dataclass(frozen=True)
class Result:
    """What the campaign keeps of a run. `error`: it could not be played, which is a failure."""

    run_id: str
    ended: str = ""
    calls: int = 0
    measures: dict[str, float] = field(default_factory=dict)
    times: dict[str, float | None] = field(default_factory=dict)
    violations: tuple[str, ...] = ()
    firmware: str = ""
    """The first fault that the firmware spoke of: for the reader, not for the verdict."""
    virtual_s: float = 0.0
    wall_s: float = 0.0
    error: str = ""


def carry_out(run_id: str, flash: Path | None = None) -> Result:
    """Play and judge one run. Needs nothing but its id, so it can be sent to any machine."""
    run = parse(run_id)
    started_s = time.perf_counter()
    try:
        outcome = play(run, flash)
    except (Unreachable, OSError, RuntimeError) as error:
        return Result(run_id, error=f"{type(error).__name__}: {error}")
    verdict = judge(run, outcome)
    said = [fault for at_s, _, fault in outcome.firmware if at_s >= outcome.injected_s]
    return Result(
        run_id,
        outcome.ended,
        outcome.calls,
        {name: round(value, 4) for name, value in verdict.measures.items()},
        {name: at if at is None else round(at, 3) for name, at in verdict.times.items()},
        verdict.violations,
        next((fault for fault in said if fault != "NO_FAULT"), "NO_FAULT"),
        round(float(outcome.time_s[-1]), 1),
        round(time.perf_counter() - started_s, 2),
    )


class ResultFile:
    """The campaign's JSONL file; what stands in it is not run again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Result]:
        """Every whole line by run id; a line cut short by an interruption is left out."""
        found: dict[str, Result] = {}
        if not self.path.exists():
            return found
        for line in self.path.read_text("utf-8").splitlines():
            try:
                values = json.loads(line)
                values["violations"] = tuple(values["violations"])
                result = Result(**values)
            except (ValueError, TypeError, KeyError):
                continue
            found[result.run_id] = result
        return found

    def append(self, results: Iterable[Result]) -> None:
        """Add results, each in one write that the system does not tear apart from others."""
        for result in results:
            line = (json.dumps(asdict(result)) + "\n").encode()
            torn = self._torn()
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(handle, b"\n" + line if torn else line)
                os.fsync(handle)
            finally:
                os.close(handle)

    def _torn(self) -> bool:
        """Whether the last line was cut short."""
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
