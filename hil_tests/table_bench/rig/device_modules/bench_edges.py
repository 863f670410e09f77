"""The rig's machine.Pin: as the controller's, and it can call a handler at every rising edge."""

import bench_core as core
import bench_passing
import bench_pin
import rig_frame as rig


class Pin(bench_pin.Pin):
    """One GPIO."""

    IRQ_FALLING = 4
    IRQ_RISING = 8

    def irq(self, handler, trigger, hard=False):
        """Call `handler(pin)` at every rising edge; the bench counts them for one pin."""
        if trigger != Pin.IRQ_RISING or not hard:
            raise NotImplementedError("only hard interrupts at rising edges")
        if bench_passing.edge_handlers:
            raise NotImplementedError("the bench counts the edges of one pin")
        bench_passing.edge_handlers.append((handler, self))
        core.out[rig.WATCHED_EDGES] |= self._bit
