"""A DW_apb_i2c at register level, as far as a queued burst needs it, in front of a `FakeI2c`.

Written from the datasheets (RP2040, 4.3), apart from the chip bench's model. It is as strict as the
part: the address can be set only while it is off, and its queues hold 16 entries each.
"""

from tests.sensing.fake_i2c import FakeI2c

TAR, DATA_CMD, RAW_INTR_STAT, CLR_TX_ABRT = 0x04, 0x10, 0x34, 0x54
ENABLE, RXFLR = 0x6C, 0x78
TX_ABRT = 1 << 6
READ, STOP, RESTART = 1 << 8, 1 << 9, 1 << 10
QUEUE_MOST = 16
BYTE_US = 24
"""At 378 kHz, with its acknowledge."""


class FakeController:
    """`registers` and `clock_us` of a `QueuedI2cBus`; time passes when they are looked at."""

    def __init__(self, i2c: FakeI2c) -> None:
        self.i2c = i2c
        self.now_us = (1 << 30) - 1_000  # its 30 bits wrap soon
        self.held = False
        """Somebody holds a line low: no transfer begins, and one under way stands still."""
        self.commands: list[int] = []
        """All that were ever queued."""
        self.on = 0
        self.writes = 0
        self._address = 0
        self._queue: list[int] = []
        self._received: list[int] = []
        self._content = b""
        self._aborted = False
        self._due_us = 0

    def pass_time(self, us: int) -> None:
        """Let the bus go on for so long."""
        until_us = self.now_us + us
        while self._queue and not self.held and self._due_us <= until_us:
            self.now_us = self._due_us
            self._command(self._queue.pop(0))
            self._due_us = self.now_us + BYTE_US
        self.now_us = until_us

    def _command(self, command: int) -> None:
        if not command & READ:
            register = command
            length = sum(1 for queued in self._queue if queued & READ)
            content = bytearray(length)
            try:
                self.i2c.readfrom_mem_into(self._address, register, content)
            except OSError:
                self._aborted = True
                self._queue.clear()
            self._content = bytes(content)
            return
        assert len(self._received) < QUEUE_MOST, "more came than the queue holds"
        self._received.append(self._content[0])
        self._content = self._content[1:]
        assert bool(command & STOP) == (not self._queue), "STOP with the last byte, and only then"

    def __setitem__(self, word: int, value: int) -> None:
        self.writes += 1
        register = word * 4
        if register == ENABLE:
            self.on = value
            if not value:
                self._queue.clear()
                self._received.clear()
        elif register == TAR:
            assert not self.on, "the address can be set only while the controller is off"
            self._address = value
        elif register == DATA_CMD:
            assert self.on
            assert len(self._queue) < QUEUE_MOST, "the queue is full"
            if self._aborted:
                return  # until the abort was read, the queue takes nothing
            if not self._queue:
                self._due_us = self.now_us + 2 * BYTE_US  # address and register
            self._queue.append(value)
            self.commands.append(value)
        else:
            raise AssertionError(f"register {register:#x} is not for writing")

    def __getitem__(self, word: int) -> int:
        self.pass_time(1)
        register = word * 4
        if register == RXFLR:
            return len(self._received)
        if register == DATA_CMD:
            return self._received.pop(0) | 1 << 11  # FIRST_DATA_BYTE, or whatever else is above
        if register == RAW_INTR_STAT:
            return TX_ABRT if self._aborted else 0
        if register == CLR_TX_ABRT:
            self._aborted = False
            return 0
        raise AssertionError(f"register {register:#x} is not for reading")


class FakeClock:
    """The register with the chip's microseconds, of a controller's time."""

    def __init__(self, controller: FakeController) -> None:
        self._controller = controller

    def __getitem__(self, word: int) -> int:
        assert word == 0
        self._controller.pass_time(1)
        return self._controller.now_us & 0xFFFF_FFFF
