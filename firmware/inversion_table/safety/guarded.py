"""The kernel with its memory checked before each step, and kept twice after it."""

from inversion_table.safety import kernel
from inversion_table.safety.memory import Complement, KernelState
from inversion_table.safety.ports import BOOT_POWER_ON


class GuardedKernel:
    """What the tick calls: nobody can step this kernel without the check (RQ-081)."""

    def __init__(self, boot: int = BOOT_POWER_ON) -> None:
        self.state = KernelState(boot)
        self.complement = Complement(self.state)

    def step(self, wish, estimate, inputs, monitors, settings, now_ms: int, out) -> None:
        """One tick, with the arguments of `kernel.step`."""
        k = self.state
        sound = self.complement.agrees(k)
        if not sound:
            self.complement.restart(k)
        kernel.step(k, wish, estimate, inputs, monitors, settings, now_ms, out)
        if not sound:
            # Even if RETURN is pressed in this very tick, the first one has no power.
            k.duty_permille = 0
            out.duty_permille = 0
            out.power = False
            out.ready = False
        self.complement.keep(k)
