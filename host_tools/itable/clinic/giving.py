"""Giving a plan to a patient: released, kept in the store, then put on the table."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from itable.clinic import release
from itable.errors import NotClearedError
from itable.folders import data_folder
from itable.plans.loading import Judged

if TYPE_CHECKING:
    from itable.store.clinic import Clinic


def give(
    clinic: "Clinic",
    patient: str,
    judged: Judged,
    device: str,
    put: Callable[[Judged], bool],
    *,
    programme_id: int | None = None,
    week: int | None = None,
) -> tuple[Judged, bool]:
    """Release the plan to the patient and `put` it on the table.

    The plan as the table keeps it, and whether it was sealed, which is what `put` returns.

    The release is in the store before the table has the plan: no session can run whose release is
    not known (RQ-135). Raises NotClearedError (RQ-091), and whatever `put` raises.
    """
    from itable.store.clinic import Upload

    standing = clinic.standing(patient)
    source_id = judged.plan.plan_id()
    record = release.record(standing, source_id, device, int(time.time()))
    marked = release.named(judged, standing.patient, record)
    upload_id = clinic.begin_upload(
        patient,
        Upload(
            device,
            marked.plan.plan_id(),
            marked.plan.name,
            source_id,
            judged.text,
            record,
            marked.sums(),
            programme_id,
            week,
        ),
    )
    sealed = put(marked)
    clinic.finish_upload(upload_id)
    return marked, sealed


def refuse_nobody(store: str | None) -> None:
    """Raise NotClearedError for an upload to nobody where patients are kept (RQ-091).

    A workshop or a home has no patients in its store and is not asked; where there is one, a plan
    without a patient is more likely forgotten than meant.
    """
    if store is None and not (data_folder() / "store.sqlite").exists():
        return
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        if clinic.any_patient():
            raise NotClearedError(
                "whose plan is this? patients are kept here, so each plan needs one",
                where=clinic.where,
                next_step="give --patient P-017; or --no-patient when no patient will lie on the"
                " table",
            )
