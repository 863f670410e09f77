"""The table's clock beside this computer's: how far off, how fast it drifts, and setting it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from inversion_table.contract.messages import CLOCK_SET_FROM_S
from itable.errors import InputError
from itable.link.client import Client
from itable.link.clock import OFF_MOST_S

LOOK_MOST_S = 1.6
"""The table's clock tells whole seconds: in so long one begins."""
_LOOK_EVERY_S = 0.02
DRIFT_FROM_S = 1_800
"""Over less time than this the second that an upload may be off by would pass for drift."""
SET_WITHIN_S = 1.0
"""How exactly a clock was set, at worst: an upload gives whole seconds."""
DAY_S = 86_400


@dataclass(frozen=True)
class Reading:
    """One comparison. `off_s`: by how much the table is ahead (below 0: behind); None: not set."""

    off_s: float | None
    within_s: float
    """How exactly that is known."""
    set_since_s: float | None
    """Seconds since the table's clock was last set; None: not since its last start."""

    @property
    def drift_s_per_day(self) -> float | None:
        """What it gains in a day; None where that cannot be told."""
        if self.off_s is None or self.set_since_s is None or self.set_since_s < DRIFT_FROM_S:
            return None
        return self.off_s / self.set_since_s * DAY_S

    @property
    def right(self) -> bool:
        """Right enough for the log."""
        return self.off_s is not None and abs(self.off_s) <= OFF_MOST_S

    def to_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "off_s": None if self.off_s is None else round(self.off_s, 2),
            "within_s": round(self.within_s, 2),
            "set_since_s": None if self.set_since_s is None else round(self.set_since_s),
            "drift_s_per_day": None
            if self.drift_s_per_day is None
            else round(self.drift_s_per_day, 1),
        }


def measure(
    client: Client,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Reading:
    """Watch the table's clock until a second begins there, and compare that with ours."""
    set_s = client.get_device().clock_set_s
    first_s = now()
    told = client.status().unix_s
    if told < CLOCK_SET_FROM_S:
        return Reading(None, 0.0, None)
    asked_s = first_s
    while True:
        before_s = asked_s
        asked_s = now()
        found = client.status().unix_s
        answered_s = now()
        if found != told:
            # The second began after the look before was asked for, and before this answer came.
            earliest, latest = found - answered_s, found - before_s
            off_s, within_s = (earliest + latest) / 2, (latest - earliest) / 2
            break
        if answered_s - first_s > LOOK_MOST_S:
            off_s, within_s = told - first_s, 1.0  # it stands, or somebody set a clock meanwhile
            break
        sleep(_LOOK_EVERY_S)
    # What has passed since it was set, by our clock: what it gained meanwhile is the drift.
    since_s = answered_s - set_s if set_s else None
    return Reading(off_s, within_s, since_s if since_s is not None and since_s > 0 else None)


def set_right(
    client: Client,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Reading:
    """Set the table's clock as a second begins here, and compare again; only at home.

    Raises InputError when this computer's own clock was never set, RefusedError in a session.
    """
    require_own_clock(now())
    ahead_s = 1.0 - now() % 1.0
    sleep(ahead_s)
    client.set_clock(round(now()))
    return measure(client, now, sleep)


def require_own_clock(now_s: float) -> None:
    """Raise InputError when this computer's clock cannot be right."""
    if now_s < CLOCK_SET_FROM_S:
        raise InputError(
            "this computer's own clock was never set: it says"
            f" {time.strftime('%Y-%m-%d', time.gmtime(now_s))}",
            next_step="set it (timedatectl set-ntp true), then try again",
        )


def off_words(reading: Reading) -> str:
    """How far off the table's clock is, in words."""
    if reading.off_s is None:
        return "the table's clock was not set since it was switched on"
    if abs(reading.off_s) <= max(reading.within_s, 0.05):
        return "the table's clock is right"
    side = "ahead" if reading.off_s > 0 else "behind"
    return f"the table's clock is {span_words(abs(reading.off_s))} {side}"


def drift_words(reading: Reading) -> str:
    """What it gains or loses; "" where that is not known."""
    drift = reading.drift_s_per_day
    if drift is None or reading.off_s is None or reading.set_since_s is None:
        return ""
    since = f"in the {span_words(reading.set_since_s)} since it was set"
    if abs(reading.off_s) <= SET_WITHIN_S + reading.within_s:
        return f"no drift to be seen {since}"
    verb = "gained" if drift > 0 else "lost"
    return f"it {verb} {span_words(abs(reading.off_s))} {since}: {abs(drift):.1f} s a day"


def span_words(seconds: float) -> str:
    """A span of time as people say it: 0.4 s, 12 s, 3 min, 5 h, 2 days."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / 3_600:.0f} h"
    return f"{seconds / DAY_S:.0f} days"
