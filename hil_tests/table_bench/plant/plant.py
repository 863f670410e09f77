"""The plant: everything outside the controller, seen from the controller's pins.

Time is in microseconds since the bench was switched on. The owner of the plant moves time with
`advance_to`, hands over outputs as they change, and samples inputs when the controller looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from table_bench import wiring
from table_bench.faults import SENSORS
from table_bench.imu import ImuErrors, Lsm6dsox, Mpu6050
from table_bench.imu.errors import Matrix
from table_bench.imu.noise import NoiseRows
from table_bench.imu.sensor import Sensor, SensorFaults
from table_bench.physics import DriveFaults, Drivetrain, Rider, SafetyRelay
from table_bench.plant.contacts import Contacts
from table_bench.plant.i2c_bus import I2cBus
from table_bench.plant.imu_specimens import turned_specimens
from table_bench.plant.outputs import Outputs
from table_bench.plant.shaking import Shaking
from table_bench.plant.truth import Truth

HOME_TILT_DEG = -75.3
SENSOR_ARM_M = 0.6  # the sensors sit this far from the hinge, toward the head
_GRAVITY_M_S2 = 9.81
_ROOM_C = 22.0
_WARM_UP_C = 9.0
_WARM_UP_S = 400.0
_SHORTEST_ACCELERATION_S = 0.005
_LONGEST_STRETCH_US = 10_000  # rider and relay are looked at this often even if nobody asks

_HEARTBEAT_BIT = 1 << wiring.HEARTBEAT
_COUNTS_PER_AMPERE = wiring.CURRENT_SENSE_V_PER_A / wiring.ADC_REFERENCE_V * 4095.0
_COUNTS_PER_SUPPLY_VOLT = 4095.0 / wiring.SUPPLY_FULL_SCALE_V
_CURRENT_NOISE_COUNTS = 5.0
_SUPPLY_NOISE_COUNTS = 1.5
CORE_TEMPERATURE_COUNTS = 876  # 0.706 V: 27 degC
_NO_PWM = (0,) * 6


@dataclass(frozen=True)
class PlantSettings:
    """What a bench can choose about the table."""

    seed: int = 1
    rider: Rider = field(default_factory=Rider)
    start_tilt_deg: float = HOME_TILT_DEG
    turned: Mapping[str, Matrix] = field(default_factory=dict)
    """Role of a sensor -> how its board is turned besides what its specimen says."""


class Plant:
    """Table, rider, sensors, switches, supply."""

    def __init__(self, settings: PlantSettings) -> None:
        seed = settings.seed
        self.now_us = 0
        self.drivetrain = Drivetrain(settings.rider, settings.start_tilt_deg, seed)
        self.relay = SafetyRelay()
        self.contacts = Contacts(settings.start_tilt_deg, seed)
        self.outputs = Outputs()
        self.imu_errors: dict[str, ImuErrors] = turned_specimens(seed, settings.turned)
        self.primary = Lsm6dsox(self.imu_errors["primary"], f"primary {seed}")
        self.monitor = Mpu6050(self.imu_errors["monitor"], f"monitor {seed}")
        self.buses = {
            wiring.PRIMARY_BUS: I2cBus({wiring.PRIMARY_ADDRESS: self.primary}),
            wiring.MONITOR_BUS: I2cBus({wiring.MONITOR_ADDRESS: self.monitor}),
        }
        self.faults: dict[str, dict[str, Any]] = {}
        self._mains = True
        self._shaking = Shaking(seed)
        self._noise = NoiseRows(f"converter {seed}")
        self._sampled_us = 0
        self._rate_rad_s = 0.0
        self._acceleration_rad_s2 = 0.0
        self._accelerated_us = 0
        self._temperature_c = _ROOM_C
        self._driven_high = 0
        self._directions = 0
        self._pwm: tuple[int, ...] = _NO_PWM

    # --- time --------------------------------------------------------------------------------

    def advance_to(self, time_us: int) -> None:
        """Let the table move until `time_us`."""
        while self.now_us < time_us:
            closed = self.relay.update(self.now_us)
            end_us = min(time_us, self.relay.change_due_us, self.now_us + _LONGEST_STRETCH_US)
            outputs = self.outputs
            self.drivetrain.advance(
                (end_us - self.now_us) * 1e-6,
                outputs.outward,
                outputs.homeward,
                outputs.enabled,
                closed and self._mains,
            )
            self.now_us = end_us

    # --- outputs of the controller -----------------------------------------------------------

    def set_outputs(self, levels: int, directions: int, pwm: tuple[int, ...]) -> None:
        """The controller's pins changed, now."""
        driven_high = levels & directions
        changed = driven_high ^ self._driven_high
        if changed & _HEARTBEAT_BIT:
            self.relay.edge(self.now_us)
        if changed & ~_HEARTBEAT_BIT or pwm != self._pwm or directions != self._directions:
            self._watch_clock_lines(levels, directions)
            self._directions = directions
            self._pwm = pwm
            self.outputs.decode(driven_high, directions, pwm)
        self._driven_high = driven_high

    def release_outputs(self) -> None:
        """The controller's pins became inputs: reset or no power."""
        self.set_outputs(0, 0, _NO_PWM)

    def _watch_clock_lines(self, levels: int, directions: int) -> None:
        for bus, pin in wiring.SCL_OF_BUS.items():
            bit = 1 << pin
            was_low = self._directions & bit and not self._driven_high & bit
            is_low = directions & bit and not levels & bit
            if was_low and not is_low and self.buses[bus].clock_pulse():
                self.clear_fault(f"imu_{SENSORS[bus]}_bus_stuck")

    # --- inputs of the controller ------------------------------------------------------------

    def input_levels(self) -> int:
        """Level at every GPIO with a pull-up, one bit a GPIO."""
        self.contacts.follow(self.tilt_deg)
        levels = self.contacts.levels(self.relay.closed)
        for bus, pin in wiring.SDA_OF_BUS.items():
            if self.buses[bus].sda_low:
                levels &= ~(1 << pin)
        return levels

    def converter_counts(self) -> tuple[int, int]:
        """12-bit conversions of motor current and supply voltage."""
        noise = self._noise.row()
        current = supply = 0
        if "current_sensor_dead" not in self.faults:
            current = int(
                self.drivetrain.current_a * _COUNTS_PER_AMPERE
                + _CURRENT_NOISE_COUNTS * abs(noise[0])
            )
        if "supply_sense_dead" not in self.faults:
            supply = int(
                self.drivetrain.supply_v * _COUNTS_PER_SUPPLY_VOLT + _SUPPLY_NOISE_COUNTS * noise[1]
            )
        return (4095 if current > 4095 else current), (
            4095 if supply > 4095 else 0 if supply < 0 else supply
        )

    def sample_sensors(self) -> None:
        """Bring the sensors' registers up to the present instant."""
        elapsed_us = self.now_us - self._sampled_us
        if elapsed_us <= 0:
            return
        self._sampled_us = self.now_us
        dt_s = elapsed_us * 1e-6
        drivetrain = self.drivetrain
        tilt = drivetrain.tilt_rad
        rate = drivetrain.rate_rad_s
        since_s = (self.now_us - self._accelerated_us) * 1e-6
        if since_s >= _SHORTEST_ACCELERATION_S:
            self._acceleration_rad_s2 = (rate - self._rate_rad_s) / since_s
            self._rate_rad_s = rate
            self._accelerated_us = self.now_us
            self._temperature_c = _ROOM_C + _WARM_UP_C * (
                1.0 - math.exp(-self.now_us * 1e-6 / _WARM_UP_S)
            )
        arm_g = SENSOR_ARM_M / _GRAVITY_M_S2
        force = (
            -math.sin(tilt) - rate * rate * arm_g,
            0.0,
            math.cos(tilt) - self._acceleration_rad_s2 * arm_g,
        )
        rate_dps = (0.0, math.degrees(rate), 0.0)
        primary, monitor = self.primary, self.monitor
        self._shaking.advance(dt_s, drivetrain.rotor_rad_s, primary.vibration, monitor.vibration)
        primary.update(force, rate_dps, self._temperature_c, dt_s)
        monitor.update(force, rate_dps, self._temperature_c, dt_s)

    def i2c_read(self, bus: int, address: int, register: int, count: int) -> tuple[int, bytes]:
        """(errno, data) of a read transaction on registers sampled last."""
        return self.buses[bus].read(address, register, count)

    def i2c_write(self, bus: int, address: int, data: bytes) -> int:
        """errno of a write transaction."""
        return self.buses[bus].write(address, data)

    # --- people and power --------------------------------------------------------------------

    def set_estop(self, pressed: bool) -> None:
        """Press or release the latching E-stop."""
        self.contacts.estop_pressed = pressed
        self._contacts_changed()

    def set_ankle_lock(self, locked: bool) -> None:
        """Close or open the ankle lock."""
        self.contacts.ankle_locked = locked
        self._contacts_changed()

    def _contacts_changed(self) -> None:
        self.contacts.refresh()
        self.relay.estop_pressed = self.contacts.estop_open

    def set_mains(self, on: bool) -> None:
        """Switch the whole table's power; the sensors lose their configuration with it."""
        self._mains = on
        if not on:
            self.release_outputs()
            for sensor in (self.primary, self.monitor):
                sensor.power_on()

    # --- faults ------------------------------------------------------------------------------

    def inject(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Make a fault present, with all its parameters; again to change them."""
        self.faults[name] = dict(parameters)
        for index, sensor in enumerate(SENSORS):
            if name == f"imu_{sensor}_bus_stuck":
                self.buses[index].hold(self.faults[name]["freed_by_clocking"])
            elif name == f"imu_{sensor}_reset":
                self._sensor(sensor).power_on()
        self._apply_faults()

    def clear_fault(self, name: str) -> None:
        """Repair a fault; no effect if it is not present."""
        self.faults.pop(name, None)
        for index, sensor in enumerate(SENSORS):
            if name == f"imu_{sensor}_bus_stuck":
                self.buses[index].release()
        self._apply_faults()

    def _sensor(self, name: str) -> Sensor:
        return self.primary if name == "primary" else self.monitor

    def _apply_faults(self) -> None:
        faults = self.faults
        self.drivetrain.faults = DriveFaults(
            stalled="motor_stalled" in faults,
            disconnected="motor_disconnected" in faults,
            reversed="motor_reversed" in faults,
            runaway=faults.get("bridge_shorted", {}).get("direction", 0),
            gear_slips="gear_slips" in faults,
            creep_deg_per_s=faults.get("bed_creeps", {}).get("deg_per_s", 0.0),
            sag_v=faults.get("supply_sag", {}).get("volts", 0.0),
        )
        self.relay.welded = "relay_welded" in faults
        self.relay.dead = "relay_dead" in faults
        self.contacts.apply_faults(faults)
        self._contacts_changed()
        for index, name in enumerate(SENSORS):
            sensor = self._sensor(name)
            bias = faults.get(f"imu_{name}_bias", {})
            sensor.faults = SensorFaults(
                frozen=f"imu_{name}_frozen" in faults,
                noise_gain=faults.get(f"imu_{name}_noisy", {}).get("gain", 1.0),
                saturated=f"imu_{name}_saturated" in faults,
                upside_down=f"imu_{name}_upside_down" in faults,
                detached=f"imu_{name}_detached" in faults,
                accel_drift_g=bias.get("accel_g", 0.0),
                gyro_drift_dps=bias.get("gyro_dps", 0.0),
                gyro_drift_dps_per_s=faults.get(f"imu_{name}_drifting", {}).get("dps_per_s", 0.0),
            )
            sensor.faults_changed()
            silent = self.buses[index].silent
            if f"imu_{name}_nack" in faults:
                silent.add(sensor.ADDRESS)
            else:
                silent.discard(sensor.ADDRESS)

    # --- truth -------------------------------------------------------------------------------

    @property
    def tilt_deg(self) -> float:
        """True tilt of the bed."""
        return math.degrees(self.drivetrain.tilt_rad)

    def truth(self) -> Truth:
        """Everything an observer would want to know about this instant."""
        drivetrain, outputs, contacts = self.drivetrain, self.outputs, self.contacts
        last_edge_us = self.relay.last_edge_us
        contacts.follow(self.tilt_deg)
        return Truth(
            time_ms=self.now_us / 1000.0,
            tilt_deg=self.tilt_deg,
            rate_deg_per_s=math.degrees(drivetrain.rate_rad_s),
            current_a=drivetrain.current_a,
            supply_v=drivetrain.supply_v if self._mains else 0.0,
            relay_closed=self.relay.closed,
            motor_drive=outputs.drive,
            motor_enabled=outputs.enabled,
            led=outputs.led,
            buzzer_hz=outputs.buzzer_hz,
            heartbeat_age_ms=(
                (self.now_us - last_edge_us) / 1000.0 if last_edge_us >= 0 else math.inf
            ),
            at_home_switch=contacts.at_home,
            at_outward_end=contacts.at_end,
            estop_pressed=contacts.estop_pressed,
            ankle_locked=contacts.ankle_locked,
        )
