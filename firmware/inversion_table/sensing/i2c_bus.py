"""An I2C bus that can be freed when a sensor holds its data line low.

A controller that resets in the middle of a read leaves the sensor waiting for clocks, with SDA low:
no transfer can begin any more. The I2C specification (NXP UM10204, 3.1.16) clocks it free.
"""

from inversion_table.safety.ticks import elapsed_ms

CLOCKS = 9
"""A byte and its acknowledge: the longest that a sensor can have left to send."""
CLOCKS_MAX = 27
HALF_PERIOD_US = 5
"""100 kHz, which every I2C part follows."""
RECOVERY_INTERVAL_MS = 250
EBUSY = 16


def burst(address: int, register: int, length: int) -> int:
    """`length` bytes from `register` of the sensor at `address` on, as one number."""
    return address << 16 | register << 8 | length


class I2cBus:
    """Passes transfers on to a `machine.I2C`, which `recover` closes and opens again.

    `open_i2c()` returns the `machine.I2C`, with a short time-out (2 ms is four times a burst of 14
    bytes at 400 kHz; the default of 50 ms is five ticks). `open_scl()` and `open_sda()` return the
    same two pins as plain `machine.Pin`. `sleep_us(us)` waits. They come from the board, so that
    no pin number is known here.
    """

    def __init__(self, open_i2c, open_scl, open_sda, sleep_us) -> None:
        self.recoveries = 0
        """How often the bus was clocked free."""
        self._open_i2c = open_i2c
        self._open_scl = open_scl
        self._open_sda = open_sda
        self._sleep_us = sleep_us
        self._busy = False
        self._busy_error = OSError(EBUSY)  # made here: raising must not allocate in the tick
        self._tried = False
        self._tried_ms = 0
        self._i2c = open_i2c()

    def begin_read(self, wanted: int) -> None:
        """What `take` asks for later in the same tick may begin now; on this bus it does not."""

    def take(self, wanted: int, buffer: bytearray) -> int:
        """Fill `buffer`, of its length, with the burst `wanted`: 1; or 0 if it cannot be read."""
        return self._take_whole(wanted, buffer)

    def _take_whole(self, wanted: int, buffer: bytearray) -> int:
        try:
            self.readfrom_mem_into(wanted >> 16, wanted >> 8 & 0xFF, buffer)
        except OSError:
            return 0
        return 1

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        """Fill `buffer` from `register` on. OSError: no answer, time-out, or recovery under way."""
        if self._busy:
            raise self._busy_error
        self._i2c.readfrom_mem_into(address, register, buffer)

    def readfrom_mem(self, address: int, register: int, length: int) -> bytes:
        """`length` bytes from `register` on; OSError as above. Allocates: not for the tick."""
        if self._busy:
            raise self._busy_error
        return self._i2c.readfrom_mem(address, register, length)

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        """Write `data` from `register` on; OSError as above."""
        if self._busy:
            raise self._busy_error
        self._i2c.writeto_mem(address, register, data)

    def recover(self, now_ms: int) -> bool:
        """Clock the bus free (RQ-053) and open it again; True when both lines are high after it.

        Boot and background only (about 0.3 ms). At most once in RECOVERY_INTERVAL_MS: a call that
        comes too early does nothing and returns False.
        """
        if self._tried and elapsed_ms(now_ms, self._tried_ms) < RECOVERY_INTERVAL_MS:
            return False
        self._tried = True
        self._tried_ms = now_ms
        self._busy = True  # a tick that interrupts this must not touch the bus
        try:
            free = self._clock_free()
            self._i2c = self._open_i2c()
        except OSError:
            return False
        finally:
            self._busy = False
        if free:
            self.recoveries += 1
        return free

    def _clock_free(self) -> bool:
        scl = self._open_scl()
        sda = self._open_sda()
        self._release(sda)
        self._release(scl)
        if not scl.value():  # someone holds the clock: no clocking can help
            return False
        for clock in range(CLOCKS_MAX):
            if clock >= CLOCKS and sda.value():
                break
            self._pull(scl)
            self._release(scl)
        # A STOP (SDA rises while SCL is high) ends whatever the sensor took the clocks for.
        self._pull(scl)
        self._pull(sda)
        self._release(scl)
        self._release(sda)
        return bool(scl.value() and sda.value())

    def _pull(self, pin) -> None:
        pin.init(pin.OUT, value=0)
        self._sleep_us(HALF_PERIOD_US)

    def _release(self, pin) -> None:
        """Let go of an open-drain line: the pull-up raises it, unless a sensor holds it."""
        pin.init(pin.IN, pin.PULL_UP)
        self._sleep_us(HALF_PERIOD_US)
