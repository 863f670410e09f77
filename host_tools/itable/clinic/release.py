"""The release of a plan to a patient: what it rests on, and its code in the plan's name.

The device keeps and logs a plan's name and no other words, so there the release travels: behind the
name stand the pseudonym and a code, a hash of who asked, who approved, and why (RQ-135).
"""

import dataclasses
import hashlib
import json
import re
from typing import TYPE_CHECKING

from inversion_table.session import plan as plans
from itable.clinic.screening import Standing, require

if TYPE_CHECKING:
    from itable.plans.loading import Judged

CODE_DIGITS = 6
_TAG = re.compile(rf" \((\S+) ([0-9a-f]{{{CODE_DIGITS}}})\)$")


def record(standing: Standing, source_id: str, device: str, at_s: int) -> str:
    """What a release rests on, as canonical JSON. Raises NotClearedError (RQ-091)."""
    require(standing)
    screening, approval = standing.screening, standing.approval
    assert screening is not None
    return json.dumps(
        {
            "patient": standing.patient,
            "plan": source_id,
            "device": device,
            "at_s": at_s,
            "screened_s": screening.at_s,
            "asked_by": screening.asked_by,
            "open": {key: screening.answers.get(key, "") for key in screening.open_keys()},
            "approved": approval
            and {"by": approval.by, "reason": approval.reason, "at_s": approval.at_s},
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def code(release: str) -> str:
    """The digits that stand for a release in a plan's name."""
    return hashlib.sha256(release.encode()).hexdigest()[:CODE_DIGITS]


def named(judged: "Judged", patient: str, release: str) -> "Judged":
    """The same plan with the mark of its patient and release behind its name, cut to fit."""
    tag = f" ({patient} {code(release)})"
    room = plans.NAME_MAX_BYTES - len(tag.encode())
    plan = judged.plan
    name = plan.name.encode()[:room].decode("utf-8", "ignore").rstrip() + tag
    marked = plans.Plan(name, plan.sets, plan.return_rate_mdeg_per_s, plan.rest_ms)
    plan_file = dataclasses.replace(judged.plan_file, plan=marked)
    return dataclasses.replace(judged, plan_file=plan_file)


def mark_in(plan_name: str) -> tuple[str, str] | None:
    """The pseudonym and the code in a plan's name; None when it has none."""
    found = _TAG.search(plan_name)
    return None if found is None else (found[1], found[2])


def without_mark(plan_name: str) -> str:
    """The name of a plan as it was written, as far as it still stands there."""
    return _TAG.sub("", plan_name)
