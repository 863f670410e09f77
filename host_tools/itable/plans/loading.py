"""From a path to a judged plan, and to what the commands print about it."""

from dataclasses import dataclass
from pathlib import Path

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.errors import InputError
from itable.plans import timeline
from itable.plans.findings import Finding
from itable.plans.judge import judge
from itable.plans.reader import PlanFile, read

MAX_FILE_BYTES = 256 * 1024
"""A plan of the most steps that fit has a few kilobytes; more is some other file."""


@dataclass(frozen=True)
class Judged:
    """A plan file with the verdict on it; `plan` may be uploaded only when `found` is empty."""

    path: Path
    text: str
    plan_file: PlanFile
    found: list[Finding]
    settings: limits.Settings

    @property
    def plan(self) -> plans.Plan:
        """The compiled plan of a file without problems."""
        if self.found or self.plan_file.plan is None:
            raise ValueError("a plan with problems is not to be used")
        return self.plan_file.plan

    def sums(self) -> timeline.Sums:
        """What the session comes to, with this device's acceleration."""
        return timeline.sums(self.plan, self.settings.acceleration_mdeg_per_s2)

    def to_dict(self) -> dict[str, object]:
        """The verdict as `--json` prints it."""
        answer: dict[str, object] = {
            "file": str(self.path),
            "ok": not self.found,
            "problems": [finding.to_dict() for finding in self.found],
        }
        if not self.found:
            answer["id"] = self.plan.plan_id()
            answer["name"] = self.plan.name
            answer["sums"] = self.sums().to_dict()
            answer["source"] = self.plan_file.source
            answer["notes"] = self.plan_file.notes
            answer["cautions"] = self.plan_file.cautions
        return answer


def widest() -> limits.Settings:
    """Settings at the hard constants: what no table can ever go beyond."""
    settings = limits.Settings()
    for name in ("tilt_max_mdeg", "rate_max_mdeg_per_s", "head_down_max_ms", "session_max_ms"):
        setattr(settings, name, limits.SETTINGS[name][1])
    return settings


def load(path: Path, settings: limits.Settings | None = None) -> Judged:
    """Read and judge a plan file; `settings` None means a device as it leaves the workshop.

    Raises InputError when there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot read the plan: {error.strerror or error}",
            where=str(path),
            next_step="check the name; `itable plan templates` lists what there is to begin with",
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise InputError(
            f"the file is larger than {MAX_FILE_BYTES // 1024} KiB; a plan is not",
            where=str(path),
            next_step="give a plan file in TOML (docs/plans.md)",
        )
    return judged(path, content, settings)


def judged(path: Path, content: bytes, settings: limits.Settings | None = None) -> Judged:
    """The verdict on the bytes of a plan file; `settings` as for `load`."""
    if settings is None:
        settings = limits.Settings()
    plan_file = read(content)
    return Judged(
        path, content.decode("utf-8", "replace"), plan_file, judge(plan_file, settings), settings
    )
