"""What the controller's board asks of what lies behind its pins: the plant, or wires to a rig."""

from __future__ import annotations

from typing import Protocol

from table_bench.plant import Truth


class Surroundings(Protocol):
    """Everything outside the controller. Times in microseconds since the bench was switched on."""

    @property
    def now_us(self) -> int:
        """The time."""

    def advance_to(self, time_us: int, /) -> None:
        """Let time pass until `time_us`."""

    def set_outputs(self, levels: int, directions: int, pwm: tuple[int, ...], /) -> None:
        """The controller's pins changed, now."""

    def release_outputs(self) -> None:
        """The controller's pins became inputs: reset or no power."""

    def input_levels(self) -> int:
        """Level at every GPIO with a pull-up, one bit a GPIO."""

    def converter_counts(self) -> tuple[int, int]:
        """12-bit conversions of motor current and supply voltage."""

    def sample_sensors(self) -> None:
        """Bring the sensors' registers up to the present instant."""

    def i2c_read(self, bus: int, address: int, register: int, count: int) -> tuple[int, bytes]:
        """(errno, data) of a read transaction."""

    def i2c_write(self, bus: int, address: int, data: bytes) -> int:
        """errno of a write transaction."""

    def set_mains(self, on: bool, /) -> None:
        """The controller's power comes or goes."""

    def truth(self) -> Truth:
        """What is the case at this instant."""
