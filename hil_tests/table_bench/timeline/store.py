"""A timeline as a value, and as one compressed file (numpy's .npz, without pickles)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inversion_table.contract import frame
from itable.files import write_whole

SIGNALS = (
    "time_us",
    "tilt_deg",
    "rate_deg_per_s",
    "current_a",
    "supply_v",
    "motor_drive",
    "relay_closed",
    "led",
    "buzzer_hz",
)
"""The truth; `led` has a bit for each colour that shines: 1 red, 2 green, 4 blue."""


_NONE = "NO_FAULT"


class Told(NamedTuple):
    """What a status said. `fault` and `refused`: their names, "" for none."""

    time_ms: float
    state: str
    fault: str
    refused: str
    """Why the last press was refused; stays until the next one."""

    @property
    def words(self) -> str:
        """For a picture."""
        said = f"{self.state}: {self.fault}" if self.fault else self.state
        return f"{said} (refused: {self.refused})" if self.refused else said


@dataclass(frozen=True)
class Timeline:
    """One table's story. Times are the bench's own."""

    signals: Mapping[str, np.ndarray[Any, Any]]
    """Each of SIGNALS, all of one length."""
    notes: Sequence[tuple[float, str, str]]
    """(ms, kind, text) of hands, faults, power and resets."""
    frames: Sequence[tuple[float, str, str]]
    """(ms, ">" to the device or "<" from it, the bytes as latin-1) of the link."""

    def states(self) -> list[Told]:
        """Each status that came: the firmware's own word on itself."""
        found = []
        for time_ms, line in self.lines("<"):
            try:
                result = frame.decode(line.encode("latin-1"))["result"]  # type: ignore[index]
                fault, refused = (
                    "" if result.get(name, _NONE) == _NONE else str(result[name])
                    for name in ("fault", "refused")
                )
                found.append(Told(time_ms, str(result["state"]), fault, refused))
            except (frame.FrameError, TypeError, KeyError):
                continue
        return found

    def lines(self, way: str) -> list[tuple[float, str]]:
        """(ms, text) of each whole line that went that way."""
        found = []
        pending = ""
        for time_ms, this_way, data in self.frames:
            if this_way != way:
                continue
            *whole, pending = (pending + data).split("\n")
            found += [(time_ms, line + "\n") for line in whole]
        return found


def led_bits(led: Sequence[float]) -> int:
    """Which of red, green and blue shine, one bit each."""
    return sum(1 << bit for bit, part in enumerate(led) if part)


def save(path: Path, title: str, why: str, tables: Sequence[Timeline]) -> None:
    """Write the timelines of a test's tables whole, or not at all."""
    columns: dict[str, Any] = {"about": json.dumps({"title": title, "why": why})}
    for number, table in enumerate(tables):
        columns |= {f"{number}/{name}": values for name, values in table.signals.items()}
        columns[f"{number}/notes"] = json.dumps(table.notes)
        columns[f"{number}/frames"] = json.dumps(table.frames)
    content = io.BytesIO()
    np.savez_compressed(content, **columns)
    write_whole(path, content.getvalue())


def load(path: Path) -> tuple[str, str, list[Timeline]]:
    """Title, why it was kept, and the timelines; raises ValueError for what is no timeline."""
    try:
        with np.load(path) as columns:
            about = json.loads(str(columns["about"]))
            count = sum(name.endswith("/notes") for name in columns.files)
            tables = [
                Timeline(
                    {name: columns[f"{number}/{name}"] for name in SIGNALS},
                    [tuple(note) for note in json.loads(str(columns[f"{number}/notes"]))],
                    [tuple(part) for part in json.loads(str(columns[f"{number}/frames"]))],
                )
                for number in range(count)
            ]
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is no timeline: {error}") from None
    return about["title"], about["why"], tables
