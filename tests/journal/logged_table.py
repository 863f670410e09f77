"""A table's log without a table: chronicle, recorder, ring and flash, ticked and flushed as on it.

What the tick sees is made up: noise on every quantity, so that pages fill quickly.
"""

from random import Random

from inversion_table.contract.session_log import decode_session
from inversion_table.estimation.estimate import Estimate
from inversion_table.journal.chronicle import Chronicle
from inversion_table.journal.recorder import Recorder
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from inversion_table.safety import faults, states
from inversion_table.safety.ports import MODE_NONE, MODE_SESSION, Decision, Inputs, Wish
from tests.journal.nor_flash import NorFlash

TICK_MS = 10
TICKS_A_PASS = 2
"""The background comes by every 20 ms (app.PASS_MS)."""
WRAP = (1 << 30) - 1


class LoggedTable:
    """`flash` lives on over `restart`. noise: how much each sample differs from the last."""

    def __init__(self, flash: NorFlash, ahead_blocks: int = 24, noise: int = 100, seed: int = 1):
        self.flash = flash
        self._ahead_blocks = ahead_blocks
        self._noise = noise
        self._random = Random(seed)
        self.now_ms = WRAP - 20_000
        self.ticks = 0
        self.restart()

    def restart(self) -> None:
        """The controller starts, at home."""
        self.ring = Ring(Region(self.flash, range(self.flash.block_count)), self._ahead_blocks)
        self.recorder = Recorder(self.ring, lambda: 1_790_000_000)
        self.recorder.describe("0123456789abcdef", "Kim", "0.1", "c0ffee", "s1", "c1", 1)
        self.chronicle = Chronicle(self.recorder)
        self.decision, self.estimate = Decision(), Estimate()
        self.inputs, self.wish = Inputs(), Wish()
        self.estimate.valid = True
        self.decision.state = states.HOME
        self.decision.at_home = True

    def may_erase(self) -> bool:
        """As the application allows it."""
        return (
            self.decision.at_home
            and not self.decision.power
            and self.decision.state in (states.HOME, states.FAULT)
            and not self.recorder.recording()
        )

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.now_ms = (self.now_ms + TICK_MS) & WRAP
            self.ticks += 1
            self._stir()
            self.chronicle.write(
                self.decision, self.estimate, self.inputs, self.wish, 0, self.now_ms
            )
            if self.ticks % TICKS_A_PASS == 0:
                self.background()

    def background(self) -> None:
        """One pass."""
        self.recorder.flush(self.now_ms)
        if self.may_erase():
            self.ring.prepare(1)

    def leave(self) -> None:
        self.decision.state = states.MOVING
        self.decision.mode = MODE_SESSION
        self.decision.at_home = False
        self.decision.power = True

    def fault(self, number: int) -> None:
        self.decision.fault = number
        self.decision.state = states.RETURNING

    def arrive(self) -> None:
        self.decision.state = states.HOME
        self.decision.mode = MODE_NONE
        self.decision.at_home = True
        self.decision.power = False
        self.decision.fault = faults.NO_FAULT

    def session(self, seconds: float, faults_at_s: tuple[float, ...] = ()) -> None:
        """Leave, latch a fault at each of those moments, arrive, and rest until all is stored."""
        self.tick(50)
        self.leave()
        at = 0
        for number, moment_s in enumerate(faults_at_s):
            ticks = round(moment_s * 100)
            self.tick(ticks - at)
            at = ticks
            self.fault(faults.STALLED + number)
        self.tick(round(seconds * 100) - at)
        self.arrive()
        self.tick(TICKS_A_PASS)
        while self.recorder.recording() or self.ring.prepare(0):
            self.tick(TICKS_A_PASS)

    def _stir(self) -> None:
        noise, roll = self._noise, self._random.randrange
        self.estimate.tilt_mdeg = -75_000 + roll(-noise, noise + 1)
        self.estimate.primary_tilt_mdeg = self.estimate.tilt_mdeg + roll(-noise, noise + 1)
        self.estimate.monitor_tilt_mdeg = self.estimate.tilt_mdeg + roll(-noise, noise + 1)
        self.estimate.rate_mdeg_per_s = roll(-noise, noise + 1) * 10
        self.inputs.current_ma = 2_000 + roll(-noise, noise + 1) * 5
        self.inputs.supply_mv = 24_000 + roll(-noise, noise + 1)

    def records(self, session: int = 1) -> list:
        """What a reader gets of that session."""
        info = self.ring.find(session)
        if info is None:
            return []
        raw = bytearray(info.total_bytes())
        self.ring.read(info, 0, raw)
        return list(decode_session(bytes(raw), session))
