"""What the sensors on the bed feel: gravity, the bed's own motion, and the motor's vibration."""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const
from table_rig.trigonometry import sine

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


class Motion:
    """`force_x`, `force_z` in 2^-18 g along the bed and out of it, `rate` in speeds (units.py)."""

    def __init__(self) -> None:
        self.force_x = 0
        self.force_z = 0
        self.rate = 0
        self.shake = 0
        """Amplitude of the vibration, in 2^-15 g."""
        self.phase = 0
        self.phase_step = 0
        self.strength = 2_458
        """Of the vibration at full amplitude, in 2^-15 g: 0.075 g."""
        self._earlier = [0] * 8
        self._at = 0

    @micropython.viper
    def step(self, drivetrain):
        """A millisecond has passed with this motion at its end."""
        rate = int(drivetrain.rate)
        at = int(self._at)
        earlier = self._earlier
        change = rate - int(earlier[at])
        earlier[at] = rate
        self._at = (at + 1) & 7
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
        self.force_x = 0 - (int(drivetrain.sine) << 4) - inward
        self.force_z = (int(drivetrain.cosine) << 4) - (change * _TANGENTIAL_Q10 >> 10)
        self.rate = rate
        speed = int(drivetrain.speed)
        if speed < 0:
            speed = 0 - speed
        if speed == 0:
            self.shake = 0
            return
        if speed > _FULL_SPEED:
            speed = _FULL_SPEED
        step = _SLOWEST_PHASE + (speed * _PHASE_PER_SPEED_Q10 >> 10)
        self.phase_step = step
        self.phase = (int(self.phase) + step) & 0xFFFF
        if speed > _FULL_AMPLITUDE_SPEED:
            speed = _FULL_AMPLITUDE_SPEED
        self.shake = (int(self.strength) * speed >> 10) * 68 >> 10


@micropython.viper
def shake_at(motion, bandwidth_chz: int, late_q10: int) -> int:
    """The vibration behind a low-pass, `late_q10` / 1024 ms before the latest step; in 2^-15 g."""
    amplitude = int(motion.shake)
    if amplitude == 0 or bandwidth_chz == 0:
        return 0
    step = int(motion.phase_step)
    # 65536ths of a turn a ms are 1.526 centihertz; its square to the cut-off's, 2^8 times.
    ratio = (step * 1_526 // bandwidth_chz << 4) // 1_000 * 16
    if ratio > 8_000:
        ratio = 8_000
    amplitude = (amplitude << 8) // (256 + (ratio * ratio >> 8))
    phase = int(motion.phase) - (step * late_q10 >> 10)
    return amplitude * int(sine(phase)) >> 14
