"""The units of the rig's mechanics, chosen so that every product is a small int on the chip.

speed: 1/256 rad/s of the rotor. The bed's rate is counted in the same unit: what the rotor would
    do at that rate of the bed, 1/460,800 rad/s of the bed (the gear's ratio is 1800).
angle: what one unit of speed moves the bed in a millisecond: 2.17e-9 rad. 92 deg are 0.74e9.
moment: at the bed, 1/8 of what (times the ratio) sustains one unit of speed: 5.15 mNm.
voltage in mV, current in mA (the winding has one ohm, so both are the same number), time in ms.
"""

ANGLES_PER_RAD = 460_800_000
ANGLES_PER_KDEG = 8_042_477_193
SPEEDS_PER_DPS = 8_042


def angle_of_mdeg(mdeg: int) -> int:
    """An angle in the rig's unit."""
    return mdeg * ANGLES_PER_KDEG // 1_000_000


def mdeg_of_angle(angle: int) -> int:
    """The same in thousandths of a degree."""
    return angle * 1_000_000 // ANGLES_PER_KDEG


def mdeg_per_s_of_speed(speed: int) -> int:
    """A rate of the bed in thousandths of a degree per second."""
    return speed * 1_000_000 // 8_042_477
