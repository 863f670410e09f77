"""What is known of one test while it runs, and what its reports carry of that to the page."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from itable.files import write_whole
from table_bench.pytest_plugin import measurements
from table_bench.pytest_plugin.measurements import Measurements
from table_bench.reporting.drawing import NoMatplotlib
from table_bench.timeline import Recording, save
from table_bench.timeline.picture import draw


@dataclass
class Story:
    """One test: its measurements, and a recording for each table that it had."""

    measured: Measurements
    recordings: list[Recording] = field(default_factory=list)
    passed: bool = False
    """Whether the test's own body ended well."""
    timeline: str = ""
    picture: str = ""

    @property
    def bench_s(self) -> float:
        """Time that went by on all its tables."""
        return sum(recording.elapsed_s for recording in self.recordings)


_KEY = pytest.StashKey[Story]()


def story_of(item: pytest.Item) -> Story:
    """The story of this test; begun when it is first asked for."""
    if _KEY not in item.stash:
        item.stash[_KEY] = Story(measurements.declared(item))
    return item.stash[_KEY]


def keep(item: pytest.Item, why: str, folder: Path) -> None:
    """Write the timeline of a test, and its picture; once."""
    story = story_of(item)
    if story.timeline or not story.recordings:
        return
    tables = [recording.timeline() for recording in story.recordings]
    path = folder / (re.sub(r"[^\w.-]+", "_", item.nodeid.split("/")[-1]).strip("_") + ".npz")
    save(path, item.nodeid, why, tables)
    story.timeline = str(path)
    try:
        write_whole(path.with_suffix(".png"), draw(item.nodeid, why, tables))
    except NoMatplotlib:
        return
    story.picture = str(path.with_suffix(".png"))


def told(item: pytest.Item) -> dict[str, Any]:
    """What goes with a test's report, in types that travel between processes."""
    story = story_of(item)
    function = getattr(item, "function", None)
    return {
        "requirements": sorted(
            {name for mark in item.iter_markers("requirement") for name in mark.args}
        ),
        "measurements": [asdict(one) for one in story.measured],
        "doc": (getattr(function, "__doc__", None) or "").strip(),
        "bench_s": round(story.bench_s, 1),
        "timeline": story.timeline,
        "picture": story.picture,
    }
