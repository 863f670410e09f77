"""What was answered, and whether a plan may be given to whoever answered it."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from itable import toml
from itable.clinic.contraindications import KEYS, QUESTIONS
from itable.errors import InputError, NotClearedError

YES, NO, UNANSWERED = "yes", "no", "unanswered"
VALID_DAYS = 90
"""A screening is asked again after so long: our choice, one programme of 12 weeks and a bit."""
DAY_S = 86_400

_SAID = {
    **dict.fromkeys(("yes", "y", "true"), YES),
    **dict.fromkeys(("no", "n", "false"), NO),
    **dict.fromkeys(("unanswered", "unknown", "?", ""), UNANSWERED),
}


@dataclass(frozen=True)
class Screening:
    """The answers of one patient: who asked, when (seconds since 1970), and each answer."""

    id: int
    at_s: int
    asked_by: str
    list_version: int
    answers: dict[str, str]

    def open_keys(self) -> list[str]:
        """The questions that are not answered with no; one that was added since then is open."""
        return [key for key in KEYS if self.answers.get(key) != NO]


@dataclass(frozen=True)
class Approval:
    """A clinician's word that a plan may be given in spite of the answers of one screening."""

    id: int
    at_s: int
    by: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """How a patient stands: the last screening, its approval, and since when both are too old."""

    patient: str
    screening: Screening | None
    approval: Approval | None
    expired: bool

    @property
    def open_keys(self) -> list[str]:
        """What is positive or unanswered; all when nothing was asked, or too long ago."""
        if self.screening is None or self.expired:
            return list(KEYS)
        return self.screening.open_keys()

    @property
    def cleared(self) -> bool:
        """Whether a plan may be given (RQ-091)."""
        if self.expired or self.screening is None:
            return False
        return not self.screening.open_keys() or self.approval is not None

    @property
    def expires_s(self) -> int | None:
        """When the screening is to be repeated."""
        return None if self.screening is None else self.screening.at_s + VALID_DAYS * DAY_S

    def to_dict(self) -> dict[str, object]:
        """The standing as `--json` prints it."""
        screening, approval = self.screening, self.approval
        return {
            "patient": self.patient,
            "cleared": self.cleared,
            "open": self.open_keys,
            "expired": self.expired,
            "expires_s": self.expires_s,
            "screening": screening
            and {
                "at_s": screening.at_s,
                "asked_by": screening.asked_by,
                "list_version": screening.list_version,
                "answers": screening.answers,
            },
            "approval": approval
            and {"at_s": approval.at_s, "by": approval.by, "reason": approval.reason},
        }


def standing(
    patient: str, screening: Screening | None, approval: Approval | None, now_s: int
) -> Standing:
    """How a patient stands now; an approval that is given counts for its own screening alone."""
    expired = screening is not None and now_s >= screening.at_s + VALID_DAYS * DAY_S
    return Standing(patient, screening, approval, expired)


def require(found: Standing) -> None:
    """Raise NotClearedError unless a plan may be given to this patient (RQ-091)."""
    if found.cleared:
        return
    patient = found.patient
    if found.screening is None:
        what = f"{patient} was never screened"
    elif found.expired:
        what = f"the screening of {patient} is older than {VALID_DAYS} days"
    else:
        what = f"the screening of {patient} left open: {', '.join(describe(found.screening))}"
    approve = f'`itable screen {patient} --approve --by "NAME" --reason "WHY"`'
    if found.screening is None or found.expired:
        next_step = f"`itable screen {patient}` asks; or a clinician approves: {approve}"
    else:
        next_step = f"a clinician decides; to approve: {approve}"
    raise NotClearedError(what, where="no plan was uploaded", next_step=next_step)


def describe(screening: Screening) -> list[str]:
    """What is open, in words: "glaucoma (yes)", "hernia (unanswered)"."""
    answers = screening.answers
    return [f"{key} ({answers.get(key, UNANSWERED)})" for key in screening.open_keys()]


def answers_from(said: Mapping[str, object], where: str) -> dict[str, str]:
    """Checked answers; a question that is not mentioned is unanswered. Raises InputError."""
    answers = dict.fromkeys(KEYS, UNANSWERED)
    for key, value in said.items():
        if key not in answers:
            near = difflib.get_close_matches(key, KEYS, 1)
            raise InputError(
                f"there is no question '{key}'" + (f"; is it '{near[0]}'?" if near else ""),
                where=where,
                next_step="`itable screen --blank` prints all questions",
            )
        answer = _SAID.get(str(value).strip().lower())
        if answer is None:
            raise InputError(
                f"'{value}' is no answer to {key}",
                where=where,
                next_step='answer "yes", "no" or "unanswered"',
            )
        answers[key] = answer
    return answers


def read_answers(content: bytes, where: str) -> tuple[dict[str, str], str]:
    """The answers in a TOML file, and who asked ("" when it does not say). Raises InputError."""
    try:
        document = toml.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = "no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise InputError(
            f"the answers are not TOML: {why}",
            where=where,
            next_step="`itable screen --blank > answers.toml` writes a file to fill in",
        ) from error
    said = document.pop("answers", None)
    asked_by = document.pop("asked_by", "")
    if not isinstance(said, dict) or not isinstance(asked_by, str) or document:
        raise InputError(
            "there is no table [answers] in the file"
            if not isinstance(said, dict)
            else f"unknown: {', '.join(document)}"
            if document
            else "asked_by is no text",
            where=where,
            next_step="`itable screen --blank > answers.toml` writes a file to fill in",
        )
    return answers_from(said, where), asked_by


def blank() -> str:
    """An answers file with every question, none answered."""
    lines = [
        '# Answers of a screening: "yes", "no" or "unanswered". Nothing that names the person.',
        'asked_by = ""',
        "",
        "[answers]",
    ]
    for question in QUESTIONS:
        lines += [f"# {question.ask}", f'{question.key} = "{UNANSWERED}"']
    return "\n".join(lines) + "\n"
