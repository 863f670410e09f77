"""Drivers, estimator, sequencer and kernel in this process, on the virtual bench's own physics.

Quicker than the virtual bench, and at hand for a debugger; it has no pins, link, log or background.
What it says is proved again on real MicroPython in hil_tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inversion_table.estimation.calibration import Calibration
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.safety import kernel, limits, states
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050
from inversion_table.session.plan import Plan
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer
from table_bench import wiring
from table_bench.factory import calibration
from table_bench.physics import Rider
from table_bench.plant import Plant, PlantSettings
from table_bench.plant.plant import HOME_TILT_DEG

EDGES = ("start_edge", "pause_edge", "return_edge", "jog_down_edge")


class _I2c:
    """What a bus asks of `machine.I2C`, answered by the plant."""

    def __init__(self, plant: Plant, bus: int) -> None:
        self._plant = plant
        self._bus = bus

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        errno, data = self._plant.i2c_read(self._bus, address, register, len(buffer))
        if errno:
            raise OSError(errno)
        buffer[:] = data

    def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
        buffer = bytearray(count)
        self.readfrom_mem_into(address, register, buffer)
        return bytes(buffer)

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        errno = self._plant.i2c_write(self._bus, address, bytes((register, *data)))
        if errno:
            raise OSError(errno)


def _bus(plant: Plant, number: int) -> I2cBus:
    return I2cBus(lambda: _I2c(plant, number), None, None, None)


class DrivenTable:
    """One table, from the sensors' registers to the motor's voltage. `tick` is 10 ms."""

    def __init__(
        self,
        settings: limits.Settings,
        plan: Plan | None = None,
        rider: Rider | None = None,
        seed: int = 1,
        start_tilt_deg: float = HOME_TILT_DEG,
    ) -> None:
        self.plant = Plant(
            PlantSettings(seed=seed, rider=rider or Rider(), start_tilt_deg=start_tilt_deg)
        )
        self.settings = settings
        self.program = Program(plan, settings.acceleration_mdeg_per_s2) if plan else None
        self.sequencer = Sequencer()
        self.kernel = kernel.KernelState()
        self.monitors = Monitors()
        self.estimate = Estimate()
        self.inputs = Inputs()
        self.wish = Wish()
        self.decision = Decision()
        errors = self.plant.imu_errors
        self.estimator = TiltEstimator(
            *(Calibration.from_dict(calibration(errors[name])) for name in ("primary", "monitor"))
        )
        self.imus = (
            Lsm6dsox(_bus(self.plant, wiring.PRIMARY_BUS)),
            Mpu6050(_bus(self.plant, wiring.MONITOR_BUS)),
        )
        self.samples = (ImuSample(), ImuSample())
        self.rows: list[tuple[float, ...]] = []
        self.now_ms = 0
        self.spoil: Callable[[DrivenTable], None] | None = None
        """Called in each tick between sensing and estimating."""

    @property
    def tilt_deg(self) -> float:
        return self.plant.tilt_deg

    def tick(self, **pressed: bool) -> None:
        """Sense, estimate, decide, drive, and let 10 ms pass; `pressed` holds for this tick."""
        plant, inputs, decision = self.plant, self.inputs, self.decision
        self.now_ms += limits.TICK_MS
        plant.sample_sensors()
        for imu, sample in zip(self.imus, self.samples, strict=True):
            if imu.needs_restart:
                imu.start(self.now_ms)
            imu.read(sample, self.now_ms)
        if self.spoil:
            self.spoil(self)
        plant.contacts.follow(plant.tilt_deg)
        inputs.estop_pressed = inputs.end_reached = False
        inputs.ankle_locked = inputs.settings_ok = inputs.settled = True
        inputs.program_ok = inputs.clocks_ok = inputs.home_angle_ok = inputs.started_up = True
        inputs.plan_ready = self.program is not None
        inputs.home_switch = plant.contacts.at_home
        inputs.relay_closed = plant.relay.closed
        inputs.current_ma = int(plant.drivetrain.current_a * 1000)
        inputs.supply_mv = int(plant.drivetrain.supply_v * 1000)
        for name in EDGES:
            setattr(inputs, name, False)
        for name, value in pressed.items():
            setattr(inputs, name, value)
        self.estimator.update(*self.samples, self.now_ms, self.estimate)
        self.monitors.update(decision, self.estimate, inputs, self.now_ms)
        self.sequencer.step(
            self.program, decision, self.estimate, inputs, self.settings, self.now_ms, self.wish
        )
        kernel.step(
            self.kernel, self.wish, self.estimate, inputs, self.monitors, self.settings,
            self.now_ms, decision,
        )  # fmt: skip
        duty = decision.duty_permille / 1000
        plant.outputs.outward, plant.outputs.homeward = max(duty, 0.0), max(-duty, 0.0)
        plant.outputs.enabled = duty != 0
        if decision.power:
            plant.relay.edge(plant.now_us)
        plant.advance_to(self.now_ms * 1000)
        self.rows.append(
            (
                self.now_ms / 1000,
                plant.tilt_deg,
                duty,
                self.sequencer.motion.ref_udeg * 1e-6,
                decision.state,
                decision.fault,
                self.estimate.tilt_mdeg / 1000,
                self.estimate.rate_mdeg_per_s / 1000,
            )
        )

    def run(self, seconds: float, **pressed: bool) -> None:
        for _ in range(round(seconds * 100)):
            self.tick(**pressed)

    def boot(self) -> DrivenTable:
        """Through the self-test, to HOME."""
        self.run(3)
        assert self.decision.state == states.HOME, states.STATE_NAMES[self.decision.state]
        return self

    def until(self, condition: Callable[[DrivenTable], bool], within_s: float = 400) -> None:
        """Tick until `condition(table)`; AssertionError when that takes too long."""
        for _ in range(round(within_s * 100)):
            if condition(self):
                return
            self.tick()
        raise AssertionError(f"never; {self.tilt_deg:.1f} deg, fault {self.decision.fault}")

    def until_state(self, state: int, within_s: float = 400) -> None:
        self.until(lambda table: table.decision.state == state, within_s)

    def column(self, index: int) -> np.ndarray[Any, Any]:
        return np.array([row[index] for row in self.rows])
