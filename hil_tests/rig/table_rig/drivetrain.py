"""Motor, worm gear, backlash, bed and rider in integers, a millisecond at a time.

The same machine as `table_bench.physics`, which is written in floats for a PC; a test holds the two
together. Outward (toward head down) is positive. Units: units.py. What depends on the rider comes
from the host as whole numbers (`Table`), so nothing here needs a float.

`step` is machine code on the chip; no intermediate leaves +-2^30, so that it gives the same numbers
on the chip, on a PC and in Python.
"""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const
from table_rig.trigonometry import sine

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


class Drivetrain:
    """State and motion; `angle` and `rate` are the bed's."""

    def __init__(self) -> None:
        self.angle = 0
        self.rate = 0
        self.speed = 0
        self.current_ma = 0
        self.supply_mv = OPEN_CIRCUIT_MV
        self.worm = 0
        self.flank = 1
        self.sine = 0
        """2^14 times the sine of the tilt at the beginning of the latest step, and the cosine."""
        self.cosine = 0
        # What the host said (Table), and what the rider's restlessness adds.
        self.along = 0
        self.normal = 0
        self.decay_joined = 0
        self.decay_free = 0
        self.coast_joined = 0
        self.coast_free = 0
        self.drag_joined = 0
        self.drag_free = 0
        self.push = 0
        self.throw = 0
        # What is broken.
        self.stalled = 0
        self.disconnected = 0
        self.reversed = 0
        self.runaway = 0
        self.slips = 0
        self.creep = 0
        self.sag_mv = 0
        self.use(Table())

    def use(self, table: Table) -> None:
        """Take over what the host says about the machine."""
        self.along = table.along
        self.normal = table.normal
        self.decay_joined = table.decay_joined
        self.decay_free = table.decay_free
        self.coast_joined = table.coast_joined
        self.coast_free = table.coast_free
        self.drag_joined = table.drag_joined
        self.drag_free = table.drag_free
        self.push = table.push
        self.throw = table.throw

    def place(self, angle: int) -> None:
        """Put the bed somewhere, at rest on the flank that its weight chooses."""
        self.angle = angle
        self.rate = self.speed = self.current_ma = 0
        turn = (angle >> 14) * _TURN_Q15 >> 16
        moment = self.along * (sine(turn + _QUARTER) >> 1) + self.normal * (sine(turn) >> 1)
        self.flank = 1 if moment >= 0 else -1
        self.worm = angle - self.flank * _HALF_GAP

    def repair(self) -> None:
        """Nothing is broken."""
        self.stalled = self.disconnected = self.reversed = self.runaway = self.slips = 0
        self.creep = self.sag_mv = 0

    @micropython.viper
    def step(self, drive: int, powered: int, enabled: int):
        """Let a millisecond pass. `drive`: share of the supply, signed, 2^14 times."""
        if int(self.reversed):
            drive = 0 - drive
        connected = powered & enabled
        runaway = int(self.runaway)
        if runaway and powered:
            drive = runaway << 14
            connected = 1
        if int(self.disconnected):
            connected = 0
        load_ma = 0
        current_ma = int(self.current_ma)
        if connected:
            load_ma = drive * current_ma >> 14
            if load_ma < 0:
                load_ma = 0 - load_ma
        supply_mv = OPEN_CIRCUIT_MV - int(self.sag_mv)
        supply_mv -= (_QUIESCENT_MA + load_ma) * _SUPPLY_OHM_Q10 >> 10
        if supply_mv < 0:
            supply_mv = 0
        voltage_mv = 0
        if connected:
            voltage_mv = drive * supply_mv >> 14
        stall = voltage_mv * _STALL_Q9 >> 9

        angle = int(self.angle)
        turn = (angle >> 14) * _TURN_Q15 >> 16
        sin = int(sine(turn))
        cos = int(sine(turn + _QUARTER))
        self.sine = sin
        self.cosine = cos
        gravity = int(self.along) * (cos >> 1) + int(self.normal) * (sin >> 1) >> 13
        flank = int(self.flank)
        load = 0
        if flank:
            load = gravity

        # Rotor: exact over the step while the motor brakes it, with friction held constant.
        speed = int(self.speed)
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
                    decay = int(self.decay_free)
                    if flank:
                        decay = int(self.decay_joined)
                    ahead = final + ((ahead - final) * decay + 2_048 >> 12)
                else:
                    coast = int(self.coast_free)
                    drag = int(self.drag_free)
                    if flank:
                        coast = int(self.coast_joined)
                        drag = int(self.drag_joined)
                    ahead = ahead - (resist * coast >> 15) - (ahead * drag >> 16)
                if ahead > 0:
                    new_speed = ahead * forward
        if int(self.stalled):
            new_speed = 0
        worm_rate = int(self.creep)
        if not int(self.slips):
            worm_rate += new_speed
        worm = int(self.worm) + worm_rate
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
        rate = int(self.rate)
        if flank:
            change = worm_rate - rate
            if change > _DIFFERENCE_MAX:
                change = _DIFFERENCE_MAX
            elif change < 0 - _DIFFERENCE_MAX:
                change = 0 - _DIFFERENCE_MAX
            push = (change * int(self.push) >> 8) - gravity
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
            new_rate = rate + (moment * int(self.throw) + 8_192 >> 14)
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
        self.rate = rate
        self.worm = worm
        self.flank = flank
        self.speed = new_speed
        self.supply_mv = supply_mv
        self.current_ma = current_ma
