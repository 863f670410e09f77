"""What the kernel remembers, kept twice: as value and as complement (RQ-081).

A flipped bit in either copy is seen at the next tick, before anything is decided by it. What flips
in the middle of a step is not seen.
"""

from inversion_table.safety import faults, limits, ports, states

NO_WIND_DOWN = -1


class KernelState:
    """What the kernel remembers from tick to tick. Only `kernel.step` and `safe` write it.

    Every attribute has its complement in `Complement` (a test compares the two).
    """

    def __init__(self, boot: int = ports.BOOT_POWER_ON) -> None:
        self.state = states.SELF_TEST
        self.mode = ports.MODE_NONE
        self.boot = boot
        self.started = False
        self.then_ms = 0
        self.state_ms = 0
        """Time in the present state."""
        self.fault = faults.NO_FAULT
        self.excused = faults.NO_FAULT
        """The reason to stop that RETURN was pressed in spite of; until home."""
        self.assessing = False
        """A watchdog reset away from home: after the alarm the table returns by itself."""
        self.backing_off = False
        """Something was met on the way out: after a rest, and then while RETURNING, the bed backs
        off; in FAULT it is still to begin."""
        self.clear_ms = 0
        self.session_ms = 0
        self.head_down_ms = 0
        self.head_up_ms = limits.HEAD_UP_RESETS_MS
        self.was_head_down = False
        self.blind = False
        self.blind_current_ms = 0
        self.return_ms = 0
        self.idle_ms = 0
        self.paused_return = False
        self.return_pauses = 0
        """How often a return was paused since home."""
        self.wind_down = NO_WIND_DOWN
        """The state to enter when the sequencer has come to rest."""
        self.wind_down_ms = 0
        self.duty_permille = 0
        self.refused = faults.NO_FAULT
        self.refusals = 0


class Complement:
    """-1 - value of each attribute of a `KernelState`, a bool counting as 0 or 1.

    As the bits of a value and of its complement are never alike, value ^ complement is -1, and is
    another number whichever bit of the two flips; a small int in either case.
    """

    def __init__(self, k: KernelState) -> None:
        self.keep(k)

    def keep(self, k: KernelState) -> None:
        """Take over what `k` remembers now. Written out: a loop would take five times as long."""
        self.state = -1 - k.state
        self.mode = -1 - k.mode
        self.boot = -1 - k.boot
        self.started = -1 - k.started
        self.then_ms = -1 - k.then_ms
        self.state_ms = -1 - k.state_ms
        self.fault = -1 - k.fault
        self.excused = -1 - k.excused
        self.assessing = -1 - k.assessing
        self.backing_off = -1 - k.backing_off
        self.clear_ms = -1 - k.clear_ms
        self.session_ms = -1 - k.session_ms
        self.head_down_ms = -1 - k.head_down_ms
        self.head_up_ms = -1 - k.head_up_ms
        self.was_head_down = -1 - k.was_head_down
        self.blind = -1 - k.blind
        self.blind_current_ms = -1 - k.blind_current_ms
        self.return_ms = -1 - k.return_ms
        self.idle_ms = -1 - k.idle_ms
        self.paused_return = -1 - k.paused_return
        self.return_pauses = -1 - k.return_pauses
        self.wind_down = -1 - k.wind_down
        self.wind_down_ms = -1 - k.wind_down_ms
        self.duty_permille = -1 - k.duty_permille
        self.refused = -1 - k.refused
        self.refusals = -1 - k.refusals

    def agrees(self, k: KernelState) -> bool:
        """Whether no bit has flipped in either copy since `keep`."""
        return (
            k.state ^ self.state == -1
            and k.mode ^ self.mode == -1
            and k.boot ^ self.boot == -1
            and k.started ^ self.started == -1
            and k.then_ms ^ self.then_ms == -1
            and k.state_ms ^ self.state_ms == -1
            and k.fault ^ self.fault == -1
            and k.excused ^ self.excused == -1
            and k.assessing ^ self.assessing == -1
            and k.backing_off ^ self.backing_off == -1
            and k.clear_ms ^ self.clear_ms == -1
            and k.session_ms ^ self.session_ms == -1
            and k.head_down_ms ^ self.head_down_ms == -1
            and k.head_up_ms ^ self.head_up_ms == -1
            and k.was_head_down ^ self.was_head_down == -1
            and k.blind ^ self.blind == -1
            and k.blind_current_ms ^ self.blind_current_ms == -1
            and k.return_ms ^ self.return_ms == -1
            and k.idle_ms ^ self.idle_ms == -1
            and k.paused_return ^ self.paused_return == -1
            and k.return_pauses ^ self.return_pauses == -1
            and k.wind_down ^ self.wind_down == -1
            and k.wind_down_ms ^ self.wind_down_ms == -1
            and k.duty_permille ^ self.duty_permille == -1
            and k.refused ^ self.refused == -1
            and k.refusals ^ self.refusals == -1
        )

    def restart(self, k: KernelState) -> None:
        """After a flipped bit: everything in `k` at its safe value, held in FAULT by INTERNAL.

        Whatever was under way is over; RETURN by button works as after any other stop. The one
        value that it would be unsafe to forget is the time head-down: it is kept if its own two
        copies agree, and else it counts as used up, so that nobody is held longer for the error.
        """
        intact = k.head_down_ms ^ self.head_down_ms == -1
        head_down_ms = k.head_down_ms if intact else limits.HEAD_DOWN_MAX_MS
        k.__init__(ports.BOOT_POWER_ON)  # type: ignore[misc]  # no field can be left out
        k.state = states.FAULT
        k.fault = faults.INTERNAL
        k.head_down_ms = head_down_ms
        k.head_up_ms = 0
        k.was_head_down = True
