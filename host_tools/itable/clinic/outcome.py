"""What the patient says of a session: pain before and after, comfort, a note."""

from dataclasses import dataclass

from itable.errors import InputError

LOWEST, HIGHEST = 0, 10
NOTE_MAX = 500


@dataclass(frozen=True)
class Outcome:
    """Numbers of 0 to 10; None: not asked. Comfort 10 is the best, pain 10 the worst."""

    pain_before: int | None = None
    pain_after: int | None = None
    comfort: int | None = None
    note: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return all(value is None for value in vars(self).values())


def checked(outcome: Outcome) -> Outcome:
    """The same outcome; raises InputError for a number outside 0 to 10, or a very long note."""
    for name in ("pain_before", "pain_after", "comfort"):
        value = getattr(outcome, name)
        if value is not None and not LOWEST <= value <= HIGHEST:
            raise InputError(
                f"{name.replace('_', ' ')} is {value}",
                next_step=f"give a whole number from {LOWEST} to {HIGHEST}",
            )
    if outcome.note is not None and len(outcome.note) > NOTE_MAX:
        raise InputError(
            f"the note has {len(outcome.note)} characters",
            next_step=f"give {NOTE_MAX} at most, and nothing that names the person",
        )
    return outcome
