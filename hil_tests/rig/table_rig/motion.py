"""What the sensors on the bed feel: gravity, the bed's own motion, and the motor's vibration."""

from table_rig import machine_code as micropython
from table_rig.machine_code import Cells, const, ptr32
from table_rig.trigonometry import sine

_ZERO = const(1_000_000_000)
_TANGENTIAL_Q10 = const(4_453)
"""Change of speed in 8 ms, to 2^-18 g at an arm of 0.6 m."""
_CENTRIPETAL_Q10 = const(81)
_CHANGE_MOST = const(40_000)
_RATE_MOST = const(120_000)
"""0.66 g at the sensors and 15 deg/s, more than this table can do; the filters stay in range."""
_SLOWEST_PHASE = const(1_638)
"""25 Hz, in 65536ths of a turn a ms."""
_PHASE_PER_SPEED_Q10 = const(79)
_FULL_SPEED = const(80_384)
"""120 Hz at 314 rad/s of the rotor."""
_FULL_AMPLITUDE_SPEED = const(15_360)
"""From 60 rad/s on, about 2 deg/s at the bed, it no longer grows."""

# Cells: force along the bed and out of it in 2^-18 g; rate in speeds (units.py); the vibration's
# amplitude in 2^-15 g, its phase and what that gains in a ms, in 65536ths of a turn.
FORCE_X = const(0)
FORCE_Z = const(1)
RATE = const(2)
SHAKE = const(3)
PHASE = const(4)
PHASE_STEP = const(5)
STRENGTH = const(6)
_AT = const(7)
_EARLIER = const(8)
_COUNT = const(16)

# Of the drivetrain's cells; a test compares.
_SPEED_OF_ROTOR = const(0)
_RATE_OF_BED = const(3)
_SINE = const(4)
_COSINE = const(5)


class Motion(Cells):
    """Follows the drivetrain."""

    def __init__(self) -> None:
        super().__init__(_COUNT)
        self.put(STRENGTH, 2_458)  # at full amplitude: 0.075 g

    @micropython.viper
    def step(self, drivetrain):
        """A millisecond has passed with this motion at its end."""
        c = ptr32(self.cells)
        d = ptr32(drivetrain.cells)
        rate = d[_RATE_OF_BED] - _ZERO
        at = c[_AT] - _ZERO
        change = rate - (c[_EARLIER + at] - _ZERO)
        c[_EARLIER + at] = rate + _ZERO
        c[_AT] = (at + 1 & 7) + _ZERO
        if change > _CHANGE_MOST:
            change = _CHANGE_MOST
        elif change < 0 - _CHANGE_MOST:
            change = 0 - _CHANGE_MOST
        if rate > _RATE_MOST:
            rate = _RATE_MOST
        elif rate < 0 - _RATE_MOST:
            rate = 0 - _RATE_MOST
        fast = rate >> 6
        inward = (fast * fast >> 8) * _CENTRIPETAL_Q10 >> 10
        c[FORCE_X] = 0 - ((d[_SINE] - _ZERO) << 4) - inward + _ZERO
        c[FORCE_Z] = ((d[_COSINE] - _ZERO) << 4) - (change * _TANGENTIAL_Q10 >> 10) + _ZERO
        c[RATE] = rate + _ZERO
        speed = d[_SPEED_OF_ROTOR] - _ZERO
        if speed < 0:
            speed = 0 - speed
        if speed == 0:
            c[SHAKE] = _ZERO
            return
        if speed > _FULL_SPEED:
            speed = _FULL_SPEED
        step = _SLOWEST_PHASE + (speed * _PHASE_PER_SPEED_Q10 >> 10)
        c[PHASE_STEP] = step + _ZERO
        c[PHASE] = ((c[PHASE] - _ZERO) + step & 0xFFFF) + _ZERO
        if speed > _FULL_AMPLITUDE_SPEED:
            speed = _FULL_AMPLITUDE_SPEED
        c[SHAKE] = (((c[STRENGTH] - _ZERO) * speed >> 10) * 68 >> 10) + _ZERO


@micropython.viper
def shake_at(motion, bandwidth_chz: int, late_q10: int) -> int:
    """The vibration behind a low-pass, `late_q10` / 1024 ms before the latest step; in 2^-15 g."""
    m = ptr32(motion.cells)
    amplitude = m[SHAKE] - _ZERO
    if amplitude == 0 or bandwidth_chz == 0:
        return 0
    step = m[PHASE_STEP] - _ZERO
    # 65536ths of a turn a ms are 1.526 centihertz; its square to the cut-off's, 2^8 times.
    ratio = (step * 1_526 // bandwidth_chz << 4) // 1_000 * 16
    if ratio > 8_000:
        ratio = 8_000
    amplitude = (amplitude << 8) // (256 + (ratio * ratio >> 8))
    phase = (m[PHASE] - _ZERO) - (step * late_q10 >> 10)
    return amplitude * int(sine(phase)) >> 14
