"""What a look at the table found: one line for each thing, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from itable import exits

GOOD = "good"
NOTE = "note"
"""Worth knowing; nothing is to be done."""
TODO = "todo"
"""Something is to be done; the table may still be used."""
BAD = "bad"
"""Nothing starts, or nothing can be said, before it is done."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, how it is, what that is in words, what to do."""

    name: str
    level: str
    says: str
    do: str = ""
    exit_code: int = exits.ATTENTION
    """What a script is told if this is the worst."""

    @property
    def asks(self) -> bool:
        """Something is to be done about it."""
        return self.level in (TODO, BAD)

    def to_dict(self) -> dict[str, str]:
        """As `--json` prints it."""
        return {"name": self.name, "level": self.level, "says": self.says, "do": self.do}


def exit_code(found: Sequence[Finding]) -> int:
    """0 when nothing is to be done; else that of the first that stands in the way of the rest."""
    asking = [finding for finding in found if finding.asks]
    for finding in asking:
        if finding.exit_code != exits.ATTENTION:
            return finding.exit_code
    return exits.ATTENTION if asking else exits.OK
