"""The faults that a wire can show: names as in the bench's catalogue, parameters in whole numbers.

The host turns what people say (0.05 g) into these (50_000 micro-g): `table_bench.rig.catalogue`.
"""

from table_rig import contacts
from table_rig import drivetrain as drivetrains
from table_rig import sensor as sensors

_SENSOR = (
    "nack",
    "bus_stuck",
    "reset",
    "frozen",
    "bias",
    "drifting",
    "noisy",
    "saturated",
    "detached",
    "upside_down",
)
_OTHER = (
    "motor_stalled",
    "motor_disconnected",
    "motor_reversed",
    "bridge_shorted",
    "gear_slips",
    "bed_creeps",
    "relay_welded",
    "relay_dead",
    "relay_mirror_broken",
    "current_sensor_dead",
    "supply_sense_dead",
    "home_switch_stuck_open",
    "home_switch_stuck_closed",
    "end_switch_stuck_open",
    "end_switch_stuck_closed",
    "button_stuck",
    "button_bouncing",
    "button_dead",
    "ankle_lock_opens",
    "estop_wire_broken",
    "supply_sag",
)
ROLES = ("primary", "monitor")
KNOWN = _OTHER + tuple(["imu_%s_%s" % (role, name) for role in ROLES for name in _SENSOR])


class Faults:
    """Which are present, and what they do to the parts."""

    def __init__(self, table) -> None:
        self._table = table
        self._present: dict = {}
        self.current_dead = False
        self.supply_dead = False

    def set(self, name: str, parameters: dict) -> None:
        """Make a fault present, or change it; ValueError for one that is not known."""
        if name not in KNOWN:
            raise ValueError("no fault %r" % name)
        self._present[name] = parameters
        for index in range(len(ROLES)):
            start = "imu_%s_" % ROLES[index]
            if name == start + "bus_stuck":
                self._table.ports[index].hold(bool(parameters.get("freed_by_clocking", 1)))
            elif name == start + "reset":
                self._table.sensors[index].power_on()
        self._apply()

    def clear(self, name: str) -> None:
        """Repair one; no effect if it is not present."""
        if self._present.pop(name, None) is None:
            return
        for index in range(len(ROLES)):
            if name == "imu_%s_bus_stuck" % ROLES[index]:
                self._table.ports[index].let_go()
        self._apply()

    def freed(self, index: int) -> None:
        """The host's clocks freed this sensor's bus."""
        self._present.pop("imu_%s_bus_stuck" % ROLES[index], None)

    def clear_all(self) -> None:
        """Repair everything."""
        for name in list(self._present):
            self.clear(name)

    def names(self) -> list:
        """Those that are present."""
        return sorted(self._present)

    def _of(self, name: str, parameter: str, default: int = 0) -> int:
        return self._present.get(name, {}).get(parameter, default)

    def _has(self, name: str) -> int:
        return 1 if name in self._present else 0

    def _apply(self) -> None:
        table = self._table
        drivetrain = table.drivetrain
        drivetrain.put(drivetrains.STALLED, self._has("motor_stalled"))
        drivetrain.put(drivetrains.DISCONNECTED, self._has("motor_disconnected"))
        drivetrain.put(drivetrains.REVERSED, self._has("motor_reversed"))
        drivetrain.put(drivetrains.RUNAWAY, self._of("bridge_shorted", "direction"))
        drivetrain.put(drivetrains.SLIPS, self._has("gear_slips"))
        drivetrain.put(drivetrains.CREEP, self._of("bed_creeps", "mdeg_per_s") * 8_042 // 1000)
        drivetrain.put(drivetrains.SAG_MV, self._of("supply_sag", "mv"))
        table.relay.break_down(bool(self._has("relay_welded")), bool(self._has("relay_dead")))
        self.current_dead = bool(self._has("current_sensor_dead"))
        self.supply_dead = bool(self._has("supply_sense_dead"))
        hands = table.contacts
        hands.estop_broken = bool(self._has("estop_wire_broken"))
        hands.ankle_broken = bool(self._has("ankle_lock_opens"))
        closed = opened = 0
        for name, bit in (
            ("home_switch_stuck", contacts.HOME_SWITCH),
            ("end_switch_stuck", contacts.OUTWARD_END),
        ):
            closed |= bit if self._has(name + "_closed") else 0
            opened |= bit if self._has(name + "_open") else 0
        if self._has("relay_mirror_broken"):
            opened |= contacts.RELAY_MIRROR
        hands.break_contacts(
            self._button("button_stuck"),
            self._button("button_dead"),
            self._button("button_bouncing"),
            closed,
            opened,
        )
        for index in range(len(ROLES)):
            self._apply_to_sensor(index, "imu_%s_" % ROLES[index])

    def _button(self, name: str) -> int:
        if name not in self._present:
            return 0
        return contacts.bit_of(self._present[name].get("button", "START"))

    def _apply_to_sensor(self, index: int, start: str) -> None:
        sensor = self._table.sensors[index]
        sensor.put(sensors.FROZEN, self._has(start + "frozen"))
        sensor.put(sensors.SATURATED, self._has(start + "saturated"))
        sensor.detach(bool(self._has(start + "detached")))
        sensor.upside_down = bool(self._has(start + "upside_down"))
        sensor.noise_gain = self._of(start + "noisy", "gain", 1)
        sensor.bias_ug = self._of(start + "bias", "accel_ug")
        sensor.bias_udps = self._of(start + "bias", "gyro_udps")
        sensor.drift(self._of(start + "drifting", "udps_per_s"))
        sensor.configure()
        self._table.ports[index].be_silent(bool(self._has(start + "nack")))
