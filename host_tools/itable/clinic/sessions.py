"""What became of a session that was prescribed: done as planned, shortened, ended by a fault."""

from dataclasses import dataclass

from inversion_table.contract import records
from itable.log.words import ended_words

COMPLETED, SHORTENED, FAULT, CUT = "completed", "shortened", "fault", "cut off"
HOW = (COMPLETED, SHORTENED, FAULT, CUT)
DONE_PERCENT = 95
"""So much of the planned head-down time is the whole, when RETURN ended the session."""


@dataclass(frozen=True)
class Done:
    """A session, with what was planned (None: not known) and what was said of it.

    `patient`: whose it is, None: nobody's. `whole`: nothing is missing in its log.
    """

    id: int
    device: str
    number: int
    start_unix_s: int | None
    plan_name: str | None
    week: int | None
    duration_ms: int
    head_down_ms: int | None
    max_tilt_mdeg: int | None
    end_reason: int | None
    end_fault: int | None
    fault_count: int | None
    planned_head_down_ms: int | None
    planned_tilt_mdeg: int | None
    pain_before: int | None
    pain_after: int | None
    comfort: int | None
    note: str | None
    patient: str | None = None
    byte_count: int = 0
    sample_count: int = 0
    box_count: int | None = 0
    whole: bool = True

    @property
    def how(self) -> str:
        """One of COMPLETED, SHORTENED, FAULT, CUT (the log has no end: power failed)."""
        if self.end_reason is None or self.head_down_ms is None:
            return CUT
        if self.end_reason == records.END_FAULT:
            return FAULT
        if self.end_reason == records.END_UNKNOWN and self.end_fault:
            return FAULT
        if self.end_reason == records.END_PLAN_DONE:
            return COMPLETED
        planned = self.planned_head_down_ms
        if planned is None:
            return COMPLETED if self.end_reason == records.END_UNKNOWN else SHORTENED
        enough = self.head_down_ms * 100 >= planned * DONE_PERCENT
        return COMPLETED if enough else SHORTENED

    @property
    def ended(self) -> str:
        """Why it ended, in words."""
        return ended_words(self.end_reason, self.end_fault, self.fault_count)

    def to_dict(self) -> dict[str, object]:
        """The session as `--json` prints it."""
        return {**vars(self), "how": self.how, "ended": self.ended}
