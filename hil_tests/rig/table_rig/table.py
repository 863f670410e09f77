"""The table that the rig plays: every part, and what happens in each millisecond."""

from table_rig import contacts
from table_rig import machine_code as micropython
from table_rig.chance import Chance
from table_rig.contacts import Contacts
from table_rig.drivetrain import Drivetrain, Table
from table_rig.faults import Faults
from table_rig.lsm6dsox import Lsm6dsox
from table_rig.machine_code import const, ptr32
from table_rig.motion import Motion
from table_rig.mpu6050 import Mpu6050
from table_rig.relay import Relay
from table_rig.rider import SHIFT_MS, Rider
from table_rig.truth import ROW_MS, TruthRows, one_row
from table_rig.units import angle_of_mdeg, mdeg_of_angle, mdeg_per_s_of_speed

HOME_MDEG = -75_300
_ROOM_MDEGC = 22_000
_WARM_UP_MDEGC = 9_000
_WARM_UP_S = 400
_CURRENT_OHM = 5
"""0.2 V/A."""
_SUPPLY_DIVIDER = 11
_BUZZER_MS = 20

# Of other modules, whose constants the compiler does not know here; a test compares.
_ZERO = const(1_000_000_000)
_NO_BEAT_YET = const(1 << 28)
_RATE = const(3)


class PlayedTable:
    """`tick` is the timer's; everything else the background's."""

    def __init__(self, lines, ports_of) -> None:
        """`lines` are the pins, `ports_of(sensors)` puts the sensors on their buses."""
        self.lines = lines
        self.now_ms = 0
        self.parameters = Table()
        self.drivetrain = Drivetrain()
        self.relay = Relay()
        self._chances = (Chance(3), Chance(4))
        self.contacts = Contacts(self._chances[0], angle_of_mdeg)
        self.motion = Motion()
        self.sensors = (Lsm6dsox(1), Mpu6050(2))
        self.ports = ports_of(self.sensors)
        self._primary, self._monitor = self.sensors
        self._primary_port, self._monitor_port = self.ports
        self.rows = TruthRows()
        self.faults = Faults(self)
        self.forced = -1
        """For the self-test: contacts that are closed whatever the table does; -1 = none."""
        self.forced_current_mv = -1
        self.forced_supply_mv = -1
        self._rider = Rider(self._chances[1])
        self._temperature_mdegc = _ROOM_MDEGC
        self._grown_ms = 0
        self._shifted_ms = 0
        self._released: list = []
        self._edges = 0
        self._buzzer_hz = 0
        self._spare = one_row()
        self.place(HOME_MDEG)

    # --- background --------------------------------------------------------------------------

    def place(self, tilt_mdeg: int) -> None:
        """Put the bed somewhere, whole, with nobody's hands on it."""
        self.faults.clear_all()
        self._released = []
        self.contacts.hands_off()
        self._rider.settle()
        self.drivetrain.use(self.parameters)
        self.drivetrain.place(angle_of_mdeg(tilt_mdeg))
        self.contacts.place(self.drivetrain.angle)

    def seed(self, seed: int) -> None:
        """All that is left to chance begins anew, from this number."""
        for index, chance in enumerate(self._chances):
            chance.seed(4 * seed + index)
        for index, sensor in enumerate(self.sensors):
            sensor.chance.seed(4 * seed + 2 + index)

    def press(self, button: str, ms: int) -> None:
        """Press a button for so long; 0 = until it is released."""
        bit = self._button(button)
        self.contacts.press(bit, True)
        self._released = [one for one in self._released if one[1] != bit]
        if ms:
            self._released.append((self.now_ms + ms, bit))

    def release(self, button: str) -> None:
        """Take the finger off a button."""
        self.contacts.press(self._button(button), False)

    def _button(self, name: str) -> int:
        if name not in contacts.BUTTONS:
            raise ValueError("no button %r" % name)
        return contacts.bit_of(name)

    def sensors_lose_power(self) -> None:
        """The sensors hang on the controller's supply."""
        for sensor in self.sensors:
            sensor.power_on()

    def background(self) -> None:
        """What is due now and then: fingers, posture, warmth, what a host wrote."""
        for due in [one for one in self._released if one[0] <= self.now_ms]:
            self._released.remove(due)
            self.contacts.press(due[1], False)
        for index in range(len(self.ports)):
            if self.ports[index].background():
                self.faults.freed(index)
        if self.now_ms - self._shifted_ms >= SHIFT_MS:
            self._shifted_ms += SHIFT_MS
            self._rider.shift(self.parameters, self.drivetrain)
            if self.now_ms - self._grown_ms >= 1000:
                self._temperature_mdegc += (
                    _ROOM_MDEGC + _WARM_UP_MDEGC - self._temperature_mdegc
                ) // _WARM_UP_S
                self._grown_ms += 1000
            for sensor in self.sensors:
                sensor.grow(SHIFT_MS, self._temperature_mdegc)

    def truth(self) -> list:
        """The row of this instant; the tick may come between any two of its values."""
        row = self._spare
        self._fill(row, 0)
        return self.readable(list(row))

    @staticmethod
    def readable(row: list) -> list:
        """A row in the units that its columns' names say."""
        row[1] = mdeg_of_angle(row[1])
        row[2] = mdeg_per_s_of_speed(row[2])
        row[5] = row[5] * 1000 >> 14
        return row

    # --- tick: nothing is allocated ----------------------------------------------------------

    @micropython.native
    def tick(self, timer) -> None:
        """A millisecond has passed. What needs no such haste takes turns."""
        now_ms = self.now_ms + 1
        self.now_ms = now_ms
        lines = self.lines
        lines.measure()
        relay = self.relay
        hands = self.contacts
        if lines.coil is None:
            relay.update(lines.heartbeat.value(), hands.estop_open, now_ms)
        else:
            relay.measured(lines.heartbeat.value(), lines.coil.value() == 1, now_ms)
        drivetrain = self.drivetrain
        drivetrain.step(
            lines.outward_q14 - lines.homeward_q14,
            1 if relay.closed else 0,
            lines.enable.value(),
        )
        motion = self.motion
        motion.step(drivetrain)
        if now_ms & 1:
            self._primary.follow(motion)
            self._primary_port.tick()
        else:
            self._monitor.follow(motion)
            self._monitor_port.tick()
        turn = now_ms & 3
        if turn == 0 or hands.changed:
            hands.changed = False
            hands.follow(drivetrain.angle)
            forced = self.forced
            lines.show(hands.closed(relay.closed) if forced < 0 else forced)
        elif turn == 1:
            mv = self.forced_current_mv
            if mv < 0:
                mv = 0 if self.faults.current_dead else drivetrain.current_ma // _CURRENT_OHM
            lines.put_analog(0, mv)
        elif turn == 2:
            mv = self.forced_supply_mv
            if mv < 0:
                mv = 0 if self.faults.supply_dead else drivetrain.supply_mv // _SUPPLY_DIVIDER
            lines.put_analog(1, mv)
        if now_ms % ROW_MS == 0:
            self._note()

    def _note(self) -> None:
        if self.now_ms % _BUZZER_MS == 0:
            edges = self.lines.buzzer_edges
            self._buzzer_hz = (edges - self._edges & 0xFFFFFF) * (1000 // _BUZZER_MS)
            self._edges = edges
        rows = self.rows
        self._fill(rows.cells, rows.next_cell())
        rows.wrote()

    @micropython.viper
    def _fill(self, cells, at: int):
        row = ptr32(cells)
        lines = self.lines
        hands = self.contacts
        relay = self.relay
        drivetrain = self.drivetrain
        now_ms = int(self.now_ms)
        enabled = int(lines.enable.value())
        flags = int(relay.closed) | enabled << 1
        flags |= int(lines.red.value()) << 2 | int(lines.green.value()) << 3
        flags |= int(lines.blue.value()) << 4
        flags |= int(hands.at_home) << 5 | int(hands.at_end) << 6
        flags |= int(hands.estop_pressed) << 7 | int(hands.ankle_locked) << 8
        drive = 0
        if enabled:
            drive = int(lines.outward_q14) - int(lines.homeward_q14)
        age_ms = now_ms - int(relay.last_edge_ms)
        if age_ms > _NO_BEAT_YET:
            age_ms = _NO_BEAT_YET
        row[at] = now_ms
        row[at + 1] = int(drivetrain.angle)
        row[at + 2] = ptr32(drivetrain.cells)[_RATE] - _ZERO
        row[at + 3] = int(drivetrain.current_ma)
        row[at + 4] = int(drivetrain.supply_mv)
        row[at + 5] = drive
        row[at + 6] = flags
        row[at + 7] = age_ms
        row[at + 8] = int(self._buzzer_hz)
