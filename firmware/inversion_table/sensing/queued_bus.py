"""An I2C bus whose controller reads a burst by itself, while the processor does something else.

`machine.I2C` waits for each byte of a transfer. The controller (a DW_apb_i2c in RP2040 and RP2350)
needs nobody for it: its queue holds 16 commands, and 16 bytes that were read. So a burst of up to
15 bytes is queued as a whole at the beginning of the tick, on both buses, and taken when it is
there.

Everything else goes through `machine.I2C`, which also set the controller up. No transfer is under
way between two ticks, and each begins by switching the controller off and on, as `machine.I2C`'s
do: that forgets whatever was left of the one before.
"""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr8, ptr32
from inversion_table.sensing.i2c_bus import I2cBus

# Registers, in words from the controller's first (datasheets RP2040, 4.3.17; RP2350, 12.2.17).
_TAR = const(0x04 >> 2)
"""Address of the sensor; can be written while the controller is off."""
_DATA_CMD = const(0x10 >> 2)
"""Written: a command into the queue. Read: the next byte that came."""
_RAW_INTR_STAT = const(0x34 >> 2)
_CLR_TX_ABRT = const(0x54 >> 2)
"""Reading it lets the queue take commands again after an abort."""
_ENABLE = const(0x6C >> 2)
_RXFLR = const(0x78 >> 2)
"""How many bytes wait to be read."""

_TX_ABRT = const(1 << 6)
"""In RAW_INTR_STAT: nobody acknowledged; the controller has sent STOP and emptied the queue."""
_READ = const(1 << 8)
_STOP = const(1 << 9)
_RESTART = const(1 << 10)
"""In a command: read a byte; and then, or before it, the condition on the bus."""

BURST_MOST = 15
"""Bytes: the register's number takes one of the queue's 16 places."""
_CLOCK_MASK = const((1 << 30) - 1)

# Words of the state.
_REGISTERS = const(0)
_CLOCK_US = const(1)
_TIMEOUT_US = const(2)
_BEGUN = const(3)
"""The burst that is being read; 0: none."""
_BEGUN_US = const(4)


class QueuedI2cBus(I2cBus):
    """An `I2cBus` whose bursts are read from `begin_read` on, until `take` asks (RQ-161).

    `registers`: the controller's first; `clock_us`: the register with the low word of the chip's
    microseconds; both are addresses. `within_us`: from begin to end, as for a transfer of
    `machine.I2C`.
    """

    def __init__(
        self, open_i2c, open_scl, open_sda, sleep_us, registers: int, clock_us: int, within_us: int
    ) -> None:
        super().__init__(open_i2c, open_scl, open_sda, sleep_us)
        self._words = array("i", (registers, clock_us, within_us, 0, 0))

    @micropython.viper
    def begin_read(self, wanted: int):
        """Let the controller read the burst `wanted`, of 2 .. BURST_MOST bytes.

        For the tick, which must `take` it before it ends.
        """
        state = ptr32(self._words)
        state[_BEGUN] = 0
        if self._busy:
            return
        registers = ptr32(state[_REGISTERS])
        registers[_ENABLE] = 0
        registers[_TAR] = wanted >> 16
        registers[_ENABLE] = 1
        _ = registers[_CLR_TX_ABRT]
        registers[_DATA_CMD] = wanted >> 8 & 0xFF
        queued = _RESTART | _READ
        left = wanted & 0xFF
        while left > 1:
            registers[_DATA_CMD] = queued
            queued = _READ
            left -= 1
        registers[_DATA_CMD] = queued | _STOP
        state[_BEGUN] = wanted
        state[_BEGUN_US] = ptr32(state[_CLOCK_US])[0] & _CLOCK_MASK

    @micropython.viper
    def take(self, wanted: int, buffer) -> int:
        """Fill `buffer`, of its length, with the burst `wanted`: 1; or 0 if it cannot be read."""
        state = ptr32(self._words)
        if state[_BEGUN] != wanted:
            return int(self._take_whole(wanted, buffer))
        state[_BEGUN] = 0
        registers = ptr32(state[_REGISTERS])
        clock_us = ptr32(state[_CLOCK_US])
        begun_us = state[_BEGUN_US]
        length = wanted & 0xFF
        while registers[_RXFLR] < length:
            if registers[_RAW_INTR_STAT] & _TX_ABRT:
                _ = registers[_CLR_TX_ABRT]
                return 0
            if (clock_us[0] - begun_us) & _CLOCK_MASK > state[_TIMEOUT_US]:
                registers[_ENABLE] = 0  # it must not go on with what is queued
                return 0
        data = ptr8(buffer)
        at = 0
        while at < length:
            data[at] = registers[_DATA_CMD] & 0xFF
            at += 1
        return 1
