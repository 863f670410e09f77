"""What happened on a bench, second by second: recorded, kept as one file, drawn as one picture."""

from table_bench.timeline.recording import Recording
from table_bench.timeline.store import Timeline, load, save

__all__ = ["Recording", "Timeline", "load", "save"]
