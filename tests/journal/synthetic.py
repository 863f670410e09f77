"""A session as a table would give it, ten samples a second; integers from a seeded generator.

Runs on CPython and MicroPython with the same numbers: its noise is its own arithmetic.
"""

HOME_MDEG = -75_000
MOVING = 2
HOLDING = 3


class Noise:
    """Roughly normal noise: the sum of 12 uniform numbers, from a 31-bit generator."""

    def __init__(self, seed: int):
        self._state = seed

    def _uniform(self) -> int:
        """0 .. 1023."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 16) & 0x3FF

    def sigma(self, size: int) -> int:
        """A number with that standard deviation."""
        total = 0
        for _ in range(12):
            total += self._uniform()
        return (total - 6138) * size // 1024


def setpoints(arm_mdeg: int, hold_s: int, sets: int):
    """(target_mdeg, rate_mdeg_per_s, state) every 100 ms: to the arm, hold, flat, rest; home."""
    here = HOME_MDEG
    for goal, seconds in ((arm_mdeg, hold_s), (0, 60)) * sets + ((HOME_MDEG, 2),):
        speed = 0
        sign = 1 if goal > here else -1
        while here != goal:
            left = abs(goal - here)
            speed = min(speed + 200, 3_000)
            while speed * speed > 4_000 * left + 40_000 and speed > 200:
                speed -= 200
            step = min(speed // 10, left)
            here += sign * step
            yield here, sign * speed, MOVING
        for _ in range(seconds * 10):
            yield goal, 0, HOLDING


def samples(arm_mdeg: int, hold_s: int, sets: int, seed: int, tilt_noise_mdeg: int):
    """What `sample` takes behind the time, for the whole session."""
    noise = Noise(seed)
    tilt = HOME_MDEG
    for target, rate, state in setpoints(arm_mdeg, hold_s, sets):
        tilt += (target - tilt) * 6 // 10
        moving = state == MOVING
        yield (
            tilt + noise.sigma(tilt_noise_mdeg),
            target,
            rate + noise.sigma(120 if moving else 40),
            abs((3_000 if moving else 0) + noise.sigma(240 if moving else 40)),
            (23_200 if moving else 24_000) + noise.sigma(60),
            state,
            0,
        )
