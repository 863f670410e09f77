"""Motor, worm gear, backlash, bed and rider in integers, a millisecond at a time.

The same machine as `table_bench.physics`, which is written in floats for a PC; a test holds the two
together. Outward (toward head down) is positive. Units: units.py. What depends on the rider comes
from the host as whole numbers (`Table`), so nothing here needs a float.

`step` is machine code on the chip; no intermediate leaves +-2^30, so that it gives the same numbers
on the chip, on a PC and in Python.
"""

from table_rig import machine_code as micropython
from table_rig.machine_code import Cells, const, ptr32
from table_rig.trigonometry import sine

_ZERO = const(1_000_000_000)
OPEN_CIRCUIT_MV = const(24_300)
_QUARTER = const(16_384)
_QUIESCENT_MA = const(150)
_SUPPLY_OHM_Q10 = const(123)
_STALL_Q9 = const(13_678)
"""Moment per mV on the winding, 2^9 times."""
_BACK_MV_Q14 = const(4_889)
"""Voltage that a unit of speed induces, in mV, 2^14 times."""
_FRICTION = const(6_993)
_BREAKAWAY_EXTRA = const(2_098)
_EFFICIENCY_Q10 = const(2_926)
"""1 / 0.35: a load that is lifted through the worm."""
_LOWERING_Q10 = const(878)
"""1 / 0.35 - 2: a load that is lowered needs power too, for the worm locks itself."""
_BEARING = const(155)
_BEARING_VISCOUS_Q20 = const(1_768)
_HALF_GAP = const(1_206_372)
"""0.15 deg: half of the backlash."""
_HOMEWARD_STOP = const(-611_228_267)
_OUTWARD_STOP = const(739_907_902)
"""-76 and +92 deg."""
_DIFFERENCE_MAX = const(60_000)
"""Past this the bed is thrown anyhow; the product below must stay small."""
_TURN_Q15 = const(24_303)
"""Angle to turns of 65,536, for angle >> 14, 2^16 times."""


class Table:
    """What the host says about motor, bed and rider (`table_bench.rig.parameters`)."""

    NAMES = (
        "along",  # moment of rider and bed about the hinge, lying flat, in moments
        "normal",  # the same standing on the head
        "along_per_m",  # moment that a metre along the bed adds
        "decay_joined",  # of speed in a ms with the bed coupled, 2^12 times
        "decay_free",  # the same in the backlash
        "coast_joined",  # speed lost in a ms per moment of resistance, motor open, 2^15 times
        "coast_free",
        "drag_joined",  # speed lost to its own drag in a ms, motor open, 2^16 times
        "drag_free",
        "push",  # moment that changes the bed's speed by one in a ms, 2^8 times
        "throw",  # speed that a moment adds to the free bed in a ms, 2^14 times
        "shift_um",  # how far a restless rider moves in 0.1 s
        "resettle_um",
    )

    def __init__(self) -> None:
        self.along = 0
        self.normal = 0
        self.along_per_m = 0
        self.decay_joined = 3_309
        self.decay_free = 3_057
        self.coast_joined = 874
        self.coast_free = 1_199
        self.drag_joined = 48
        self.drag_free = 66
        self.push = 2_590
        self.throw = 1_619
        self.shift_um = 0
        self.resettle_um = 0


# Where each number lies in `cells`.
SPEED = const(0)
WORM = const(1)
FLANK = const(2)
RATE = const(3)
SINE = const(4)
COSINE = const(5)
"""Of the tilt at the beginning of one of the latest two steps, 2^14 times."""
# What the host said (Table), and what the restlessness of the rider adds.
ALONG = const(6)
NORMAL = const(7)
DECAY_JOINED = const(8)
DECAY_FREE = const(9)
COAST_JOINED = const(10)
COAST_FREE = const(11)
DRAG_JOINED = const(12)
DRAG_FREE = const(13)
PUSH = const(14)
THROW = const(15)
# What is broken.
STALLED = const(16)
DISCONNECTED = const(17)
REVERSED = const(18)
RUNAWAY = const(19)
SLIPS = const(20)
CREEP = const(21)
SAG_MV = const(22)
ODD = const(23)
_COUNT = const(24)


class Drivetrain(Cells):
    """State and motion; `angle` is the bed's."""

    def __init__(self) -> None:
        super().__init__(_COUNT)
        self.angle = 0
        self.current_ma = 0
        self.supply_mv = OPEN_CIRCUIT_MV
        self.put(FLANK, 1)
        self.use(Table())

    def use(self, table: Table) -> None:
        """Take over what the host says about the machine."""
        self.put(ALONG, table.along)
        self.put(NORMAL, table.normal)
        self.put(DECAY_JOINED, table.decay_joined)
        self.put(DECAY_FREE, table.decay_free)
        self.put(COAST_JOINED, table.coast_joined)
        self.put(COAST_FREE, table.coast_free)
        self.put(DRAG_JOINED, table.drag_joined)
        self.put(DRAG_FREE, table.drag_free)
        self.put(PUSH, table.push)
        self.put(THROW, table.throw)

    def place(self, angle: int) -> None:
        """Put the bed somewhere, at rest on the flank that its weight chooses."""
        turn = (angle >> 14) * _TURN_Q15 >> 16
        moment = self.get(ALONG) * (sine(turn + _QUARTER) >> 1)
        moment += self.get(NORMAL) * (sine(turn) >> 1)
        flank = 1 if moment >= 0 else -1
        self.put(SINE, sine(turn))
        self.put(COSINE, sine(turn + _QUARTER))
        self.put(RATE, 0)
        self.put(SPEED, 0)
        self.put(FLANK, flank)
        self.put(WORM, angle - flank * _HALF_GAP)
        self.current_ma = 0
        self.angle = angle

    @property
    def rate(self) -> int:
        """Of the bed."""
        return self.get(RATE)

    @property
    def speed(self) -> int:
        """Of the rotor."""
        return self.get(SPEED)

    @micropython.viper
    def step(self, drive: int, powered: int, enabled: int):
        """Let a millisecond pass. `drive`: share of the supply, signed, 2^14 times."""
        c = ptr32(self.cells)
        if c[REVERSED] - _ZERO:
            drive = 0 - drive
        connected = powered & enabled
        runaway = c[RUNAWAY] - _ZERO
        if runaway and powered:
            drive = runaway << 14
            connected = 1
        if c[DISCONNECTED] - _ZERO:
            connected = 0
        load_ma = 0
        current_ma = int(self.current_ma)
        if connected:
            load_ma = drive * current_ma >> 14
            if load_ma < 0:
                load_ma = 0 - load_ma
        supply_mv = OPEN_CIRCUIT_MV - (c[SAG_MV] - _ZERO)
        supply_mv -= (_QUIESCENT_MA + load_ma) * _SUPPLY_OHM_Q10 >> 10
        if supply_mv < 0:
            supply_mv = 0
        voltage_mv = 0
        if connected:
            voltage_mv = drive * supply_mv >> 14
        stall = voltage_mv * _STALL_Q9 >> 9

        # Sine and cosine in turn: in 2 ms the bed turns by hundredths of a degree at most.
        angle = int(self.angle)
        turn = (angle >> 14) * _TURN_Q15 >> 16
        odd = c[ODD] - _ZERO
        c[ODD] = (odd ^ 1) + _ZERO
        if odd:
            c[SINE] = int(sine(turn)) + _ZERO
        else:
            c[COSINE] = int(sine(turn + _QUARTER)) + _ZERO
        sin = c[SINE] - _ZERO
        cos = c[COSINE] - _ZERO
        gravity = (c[ALONG] - _ZERO) * (cos >> 1) + (c[NORMAL] - _ZERO) * (sin >> 1) >> 13
        flank = c[FLANK] - _ZERO
        load = 0
        if flank:
            load = gravity

        # Rotor: exact over the step while the motor brakes it, with friction held constant.
        speed = c[SPEED] - _ZERO
        new_speed = 0
        forward = 0
        if speed > 0 or (speed == 0 and stall > 0):
            forward = 1
        elif speed < 0 or stall < 0:
            forward = -1
        if forward:
            against = load * forward  # positive: the load helps
            if against < 0:
                resist = _FRICTION + ((0 - against) * _EFFICIENCY_Q10 >> 10)
            else:
                resist = _FRICTION + (against * _LOWERING_Q10 >> 10)
            pull = stall * forward
            if speed != 0 or pull > resist + _BREAKAWAY_EXTRA:
                ahead = speed * forward
                if connected:
                    final = pull - resist >> 3
                    decay = c[DECAY_FREE] - _ZERO
                    if flank:
                        decay = c[DECAY_JOINED] - _ZERO
                    ahead = final + ((ahead - final) * decay + 2_048 >> 12)
                else:
                    coast = c[COAST_FREE] - _ZERO
                    drag = c[DRAG_FREE] - _ZERO
                    if flank:
                        coast = c[COAST_JOINED] - _ZERO
                        drag = c[DRAG_JOINED] - _ZERO
                    ahead = ahead - (resist * coast >> 15) - (ahead * drag >> 16)
                if ahead > 0:
                    new_speed = ahead * forward
        if c[STALLED] - _ZERO:
            new_speed = 0
        worm_rate = c[CREEP] - _ZERO
        if not (c[SLIPS] - _ZERO):
            worm_rate += new_speed
        worm = (c[WORM] - _ZERO) + worm_rate
        # End stops: the chain is taut, so the worm stops half a gap behind the bed.
        if worm > _OUTWARD_STOP + _HALF_GAP:
            worm = _OUTWARD_STOP + _HALF_GAP
            new_speed = 0
            worm_rate = 0
        elif worm < _HOMEWARD_STOP - _HALF_GAP:
            worm = _HOMEWARD_STOP - _HALF_GAP
            new_speed = 0
            worm_rate = 0

        # Bed: carried by a flank as long as that flank has to push.
        rate = c[RATE] - _ZERO
        if flank:
            change = worm_rate - rate
            if change > _DIFFERENCE_MAX:
                change = _DIFFERENCE_MAX
            elif change < 0 - _DIFFERENCE_MAX:
                change = 0 - _DIFFERENCE_MAX
            push = (change * (c[PUSH] - _ZERO) >> 8) - gravity
            if push * flank > _BEARING:
                flank = 0
            else:
                angle = worm + flank * _HALF_GAP
                rate = worm_rate
        if not flank:
            moment = gravity - (rate * _BEARING_VISCOUS_Q20 >> 20)
            if rate > 0:
                moment -= _BEARING
            elif rate < 0:
                moment += _BEARING
            elif moment > 0 - _BEARING and moment < _BEARING:
                moment = 0
            new_rate = rate + (moment * (c[THROW] - _ZERO) + 8_192 >> 14)
            if (new_rate > 0 and rate < 0) or (new_rate < 0 and rate > 0):
                new_rate = 0
            rate = new_rate
            angle += rate
            if angle >= worm + _HALF_GAP:
                angle = worm + _HALF_GAP
                rate = worm_rate
                flank = 1
            elif angle <= worm - _HALF_GAP:
                angle = worm - _HALF_GAP
                rate = worm_rate
                flank = -1
        if angle > _OUTWARD_STOP:
            angle = _OUTWARD_STOP
            rate = 0
            flank = 0
        elif angle < _HOMEWARD_STOP:
            angle = _HOMEWARD_STOP
            rate = 0
            flank = 0
        current_ma = 0
        if connected:
            current_ma = voltage_mv - (new_speed * _BACK_MV_Q14 >> 14)
            if current_ma < 0:
                current_ma = 0 - current_ma
        self.angle = angle
        c[RATE] = rate + _ZERO
        c[WORM] = worm + _ZERO
        c[FLANK] = flank + _ZERO
        c[SPEED] = new_speed + _ZERO
        self.supply_mv = supply_mv
        self.current_ma = current_ma
