"""One IMU's own tilt: a gravity vector carried by the gyroscope, corrected by the accelerometer.

The state is the direction of gravity's reaction ("up") in sensor axes, so that any mount works. Per
sample, with rate w and specific force f:

    up += up x w dt                        turn against the sensor's rotation, to second order
    r = f - up                             what the accelerometer says beside
    pull += (g(|r|) r - pull) / 2^7        low-passed, in a frame that turns with the sensor
    up += pull / 2^8
    bias -= k (pull x up)                  what the pull must keep correcting is gyroscope bias

So up is the accelerometer low-passed to second order (0.09 Hz, damping 0.7) in a frame that does
not turn, which is where a push and the one that ends it cancel out (the idea of VQF, Laidig and
Seel 2023, here as a feedback on the vector itself, with the integral of Mahony, Hamel and Pflimlin
2008 for the bias). g halves a deviation for each `width` of it. The width follows what deviates
usually, as a running median would: on a table that stands or turns, a push of some seconds in ten
is far outside and counts next to nothing; in a hand that never rests, the same push is ordinary and
is averaged with its opposite. After a start, pulls of first order and of falling gain find up
sooner, as a Kalman filter would.

An accelerometer whose offsets nobody measured learns them from the length of gravity: what |up| has
beyond 1 g is offset along up, and the bed shows one direction after the other (Kaczmarz's way of
solving equations, one at a time, slowly). What is learned moves no tilt at home, where a tilt never
calibrated has its zero; it makes the way from there right (RQ-118).

The tilt is led by the delay of the sensors' own low-pass filters (LEAD_SHIFT).

What runs in the tick is compiled to machine code on the chip (portable.py says what such code
may use); the numbers lie in cells (cells.py), whose names stand below.

Scales, chosen so that every intermediate stays inside +-2^30 for all that the sensors can give
(tests/estimation proves it at the corners):

    force, up     1/64 micro-g       1 g = 64_000_000
    bias, rate    micro-deg/s
    turn          2^-20 rad
"""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.cells import Cells
from inversion_table.estimation.integer_math import atan2_mdeg
from inversion_table.estimation.portable import const, ptr32

# --- time ---
STEP_MAX_MS = const(40)
"""Longest step that is integrated; what goes beyond is added to the error bound instead."""
HOLD_MAX_MS = const(50)
"""A channel without a good sample for longer is not ok (RQ-051)."""
AGE_MAX = const(1_000_000)
"""estimate.AGE_MAX_MS, as compiled code can read it."""
GAP_MAX_MS = const(500)
"""After a gap longer than this, up is found anew (the bias is kept)."""

# --- gains, by stage: a pull of 1/2^stage a sample; at 100 Hz its time constant is 2^stage x 10 ms
STAGE_FIRST = const(3)
STAGE_LEARN = const(5)
"""From here on bias is learned from the pull; before, as the mean of the gyroscope at rest."""
STAGE_SETTLED = const(5)
STAGE_SETTLED_AFTER_DOUBT = const(7)
STAGE_LAST = const(8)
"""Here the pull is low-passed by 2^PULL_SHIFT samples first."""
PULL_SHIFT = const(7)
"""Half of the above: damping 0.7."""
DWELL_SAMPLES = const(3)
"""A stage lasts three time constants. First ones together: 0.72 s."""
LEARN_EVERY = const(8)
LEARN_SHIFT = const(3)
"""Bias gain 1/2^(2 stage - 3) per LEARN_EVERY samples: damping 1.2 at every stage.
At the last one that is some 30 s ..."""
TURNING_MIN_MDEG_PER_S = const(500)
TURNING_MAX_MDEG_PER_S = const(8_000)
TURNING_SHIFT = const(3)
"""... and 8 times slower while the bed turns: an error of scale looks like bias in a steady turn,
would be learned, and be wrong at its end."""

# --- trust in the accelerometer, by |x| + |y| + |z| of f - up ---
WIDTH = const(2_100_000)
"""33 mg halve the pull, plus 2^WIDTH_SHIFT of what deviates usually."""
WIDTH_SHIFT = const(1)
HALVINGS_MAX = const(20)
"""Enough for nothing, and shorter than a machine word."""
USUAL_SHIFT = const(8)
"""What deviates usually is followed in 2.56 s, and by no more than its double ..."""
USUAL_FLOOR = const(640_000)
"""... and 10 mg, so that some seconds of pushing in ten do not raise it."""
USUAL_MAX = const(32_000_000)
REJECT = const(16_000_000)
"""0.25 g: no gravity; after a start no pull, later no evidence for or against the gyroscope."""
REJECTED_MAX_MS = const(2_000)
REJECTED_STOP_MS = const(60_000)
"""The time without evidence is counted up to here."""
STARTING_REJECTED_MAX_MS = const(200)
QUIET = const(2_100_000)
"""33 mg (1.9 deg): a mean pull past this is more likely a push than bias: learn 8 times less."""
STILL = const(400_000)
"""6 mg: at a start, up turns slower than 2 deg/s."""
SHAKEN_MAX = const(2)
"""Further averages of 0.48 s each while a start is not still."""
SETTLED_MISMATCH = const(1_700_000)
"""27 mg, or 1.5 deg, of mean pull at most while settling."""
NORM_MIN = const(2_441_000)
NORM_MAX = const(5_493_000)
"""(0.8 g)^2 and (1.2 g)^2, in (2^15 / 64 micro-g)^2: outside, up is not gravity."""
FAST_TURN = const(2_500)
"""14 deg/s at 100 Hz, in 2^-20 rad a sample: past what a table does, turn to second order."""

# --- plausibility of the tilt ---
TILT_MIN_MDEG = const(-100_000)
TILT_MAX_MDEG = const(110_000)
"""The stops are near -80 and +92 deg: past these the IMU hangs upside down, or loose (RQ-055)."""
SIDE_MAX = const(10_944_000)
"""sin(20 deg): the hinge is level, so more gravity along y means a loose or wrong mount."""

# --- error bound ---
ERROR_UNKNOWN = const(180_000)
"""estimate.ERROR_UNKNOWN_MDEG."""
ERROR_START_UDEG = const(10_000_000)
DRIFT_UDEG_PER_MS = const(100)
"""0.1 deg/s: gyroscope bias that is not learned yet, as the bound assumes it."""
UNAIDED_MAX_UDEG = const(200_000_000)
GAP_UDEG_PER_MS = const(8_000)
"""The fastest that the table turns before it trips, 8 deg/s."""
ERROR_MAX_MDEG = const(6_000)
"""More than this above the calibration's residual, over 0.6 s: not ok (RQ-054). A rider who shifts
(0.1 g for 0.3 s, 0.3 g for 0.5 s) stays below."""
ERROR_PEAK_MDEG = const(12_000)
"""The same at once."""
RATE_MAX_MDEG_PER_S = const(20_000)
"""No table turns like that: not ok, and the bound grows by all of it."""
DOUBT_MAX = const(25)
"""Turns of LEARN_EVERY (2 s) with a pull that will not go away, until up is found anew."""
AGREED_TURNS = const(48)
"""So many turns (3.8 s) of agreement on end, until a doubted vector is trusted again."""

# --- noise ---
SCATTER_MAX_UDPS = const(150_000)
"""Mean step from one reading of the gyroscope to the next. Noise as in the data sheets (ST DS12814:
3.8 mdps, PS-MPU-6000A: 5 mdps a root hertz) makes 26 and 23 mdps of it through the filters that are
set, 10 times as much 260 and 226 (RQ-085)."""
SCATTER_CLIP_UDPS = const(2_000_000)
"""The most that one step counts for: the gear stops the bed within a few readings."""
SCATTER_SHIFT = const(5)
"""Averaged over 32 readings."""
PRIMARY_SHAKEN_FROM_UG = const(36_000)
MONITOR_SHAKEN_FROM_UG = const(72_000)
"""Mean step of the accelerometer, |x| + |y| + |z|, past which the bed is shaken hard, and its
gyroscope with it: the bound is wider by 4 micro-deg/s for each micro-g beyond. 0.3 g of vibration
makes 40 to 250 mg of it through the filters that are set, 10 times the data sheets' noise 11 mg
(LSM6DSOX) and 54 mg (MPU-6050, whose gyroscope is filtered more, and needs this less)."""
SHAKEN_CLIP_UG = const(500_000)
"""The most that one step counts for."""
STEADY_MS = const(15)
"""Readings further apart are not compared."""

# --- offsets of the accelerometer that nobody measured ---
OFFSET_RESIDUAL_MDEG = const(1_000)
"""A calibration that promises no better has not seen the offsets. One from a walk promises half of
it; then the length of gravity would say more of the scales that are left."""
OFFSET_UG_PER_MDEG = const(17)
"""What is learned stays within the calibration's own bound: 1 mdeg is 17.5 micro-g ..."""
OFFSET_MAX_UG = const(80_000)
"""... and within the data sheets (PS-MPU-6000A, 6.2: z +-80 mg)."""
ONE_G_SQUARED = const(244_140_625)
"""In (2^12 / 64 micro-g)^2."""
EXCESS_MAX = const(32_767)
"""34 mg too long, in 2^9 of those: learned no faster than as if it were this."""
EXCESS_SHIFT = const(9)
OFFSET_SHIFT = const(16)
"""With the above a time constant of 22 s: many times that of `up` itself."""
MDEG_PER_8_UG_Q14 = const(7_510)
HOME_COS_Q14 = const(4_240)
HOME_SIN_Q14 = const(-15_826)
"""Of home's tilt, -75 deg."""

BIAS_SPAN_UDPS = const(20_000_000)
"""Learned bias stays this near to the calibrated one."""
TURN_PER_MS_Q22 = const(78_602)
"""2^-20 rad per ms for 1024 micro-deg/s: pi / 180 x 1.024e-6 x 2^20, in Q22."""
RATE_ONE = const(2_097)
"""1.0 in the mount's row for the rate: 1.024 x 2^11, from 1024 micro-deg/s to mdeg/s."""
LEAD_SHIFT = const(6)
"""Lead of the tilt: 1/2^6 s of rate, 15.6 ms. Both IMUs' accelerometers are behind by 14 to 20 ms
of low-pass (MPU-6050, DLPF_CFG 5: 13.8 ms) and 2.5 ms of sample and hold."""
NO_LEAD_SHIFT = const(24)
"""For sensors without such a delay."""
TICKS_MASK = const((1 << 30) - 1)

# --- the cells of a channel ---
_ZERO = const(1 << 29)
# What comes of it.
OK = const(0)
"""1: settled, recent, consistent and plausible: the tilt may be used."""
SETTLED = const(1)
TILT_MDEG = const(2)
RATE_MDEG_PER_S = const(3)
ERROR_MDEG = const(4)
AGE_MS = const(5)
NOISY = const(6)
"""1: the gyroscope scatters more than a sound one, on two of its axes at least."""
WARMTH_MDEG = const(7)
"""What temperature adds to the bound; the background sets it (estimation/warmth.py)."""
# The filter.
UP_X = const(8)
UP_Y = const(9)
UP_Z = const(10)
PULL_X = const(11)
PULL_Y = const(12)
PULL_Z = const(13)
BIAS_X = const(14)
BIAS_Y = const(15)
BIAS_Z = const(16)
EMPTY = const(17)
"""1: there is no up yet."""
STAGE = const(18)
THEN_MS = const(19)
"""When the last tick was, with a sample or without."""
USUAL = const(20)
"""What deviates usually."""
RATE_SUM = const(21)
UNAIDED_UDEG = const(22)
"""What may have crept in since the accelerometer last agreed."""
REJECTED_MS = const(23)
CONSISTENT = const(24)
CONTRADICTION_MDEG = const(25)
"""Between the sensors, at present."""
# For the slow part, one tick in LEARN_EVERY.
TURN = const(26)
"""So many ticks on it runs."""
SUM_X = const(27)
"""Of what the accelerometer said beside up, in samples that count."""
SUM_Y = const(28)
SUM_Z = const(29)
TAKEN = const(30)
"""Samples in the sum."""
# What never changes: from the calibration, and what the channel was made with.
FIXED = const(31)
LEAD = const(31)
FORCE_BIAS_X = const(32)
FORCE_BIAS_Y = const(33)
FORCE_BIAS_Z = const(34)
FORCE_SCALE_X = const(35)
"""Q13: 8192 (1 + ppm / 10^6)."""
FORCE_SCALE_Y = const(36)
FORCE_SCALE_Z = const(37)
BIAS_X0 = const(38)
BIAS_Y0 = const(39)
BIAS_Z0 = const(40)
MOUNT_XX = const(41)
MOUNT_XY = const(42)
MOUNT_XZ = const(43)
MOUNT_YX = const(44)
MOUNT_YY = const(45)
MOUNT_YZ = const(46)
MOUNT_ZX = const(47)
MOUNT_ZY = const(48)
MOUNT_ZZ = const(49)
RATE_X = const(50)
"""The mount's row for the rate about the hinge."""
RATE_Y = const(51)
RATE_Z = const(52)
TILT_OFFSET_MDEG = const(53)
RESIDUAL_MDEG = const(54)
HOME_X = const(55)
"""How a force along each axis moves the tilt at home."""
HOME_Y = const(56)
HOME_Z = const(57)
OFFSET_SPAN = const(58)
"""How much may be learned of the accelerometer's offsets."""
SHAKEN_FROM_UG = const(59)
FIRST_TURN = const(60)
FIXED_END = const(61)
# The latest sample, the one before, and how much they scatter.
FORCE_X = const(61)
FORCE_Y = const(62)
FORCE_Z = const(63)
GYRO_X = const(64)
GYRO_Y = const(65)
GYRO_Z = const(66)
LAST_FORCE_X = const(67)
LAST_GYRO_X = const(70)
SCATTER_X = const(73)
SHAKEN_UG = const(76)
# What is learned, and the start.
OFFSET_X = const(77)
OFFSET_Y = const(78)
OFFSET_Z = const(79)
HOME_MDEG = const(80)
"""What the offsets move the tilt by at home."""
MEAN_X = const(81)
"""The pull, averaged over two turns."""
MEAN_Y = const(82)
MEAN_Z = const(83)
MISMATCH = const(84)
DOUBT = const(85)
AGREED = const(86)
DWELL = const(87)
SHAKEN = const(88)
BIAS_KNOWN = const(89)
SETTLE_STAGE = const(90)
_COUNT = const(91)


class GravityChannel(Cells):
    """Tilt, rate and error bound from one IMU and its calibration: `get(TILT_MDEG)` and so on."""

    def __init__(
        self,
        calibration,
        learn_turn: int,
        lead_shift: int = LEAD_SHIFT,
        shaken_from_ug: int = PRIMARY_SHAKEN_FROM_UG,
    ) -> None:
        """`learn_turn` (0 .. LEARN_EVERY - 1): the tick on which the slow part runs."""
        super().__init__(_COUNT)
        bed_x, bed_y, bed_z = calibration.mount_q14
        span_ug = 0
        if calibration.residual_mdeg >= OFFSET_RESIDUAL_MDEG:
            span_ug = min(calibration.residual_mdeg * OFFSET_UG_PER_MDEG, OFFSET_MAX_UG)
        lasting = [lead_shift]
        lasting.extend(calibration.accel_bias_ug)
        lasting.extend(8_192 + ppm * 128 // 15_625 for ppm in calibration.accel_scale_ppm)
        lasting.extend(calibration.gyro_bias_udps)
        for row in calibration.mount_q14:
            lasting.extend(row)
        lasting.extend(part * RATE_ONE >> 14 for part in bed_y)
        lasting.append(calibration.tilt_offset_mdeg)
        lasting.append(calibration.residual_mdeg)
        # In bed axes, where up is (-sin, 0, cos), a force turns the tilt by (-cos, 0, -sin).
        for axis in range(3):
            lasting.append(-HOME_COS_Q14 * bed_x[axis] - HOME_SIN_Q14 * bed_z[axis] >> 14)
        lasting.append(span_ug << 6)
        lasting.append(shaken_from_ug)
        lasting.append(learn_turn)
        for index, number in enumerate(lasting):
            self.put(FIXED + index, number)
        for axis in range(3):
            self.put(BIAS_X + axis, calibration.gyro_bias_udps[axis])
        self.put(SETTLE_STAGE, STAGE_SETTLED)
        self.put(AGE_MS, AGE_MAX)
        _lose(self.cells)

    def fixed_cells(self) -> memoryview:
        """The cells that never change, for who watches over them (RQ-084)."""
        return memoryview(self.cells)[FIXED:FIXED_END]

    def update(self, sample, now_ms: int) -> None:
        """Advance to `now_ms` with this tick's ImuSample (in sensor axes)."""
        follow(self.cells, sample, now_ms)


@micropython.viper
def _lose(c: ptr32):
    """Give up the vector: it will be found anew. The bias stays."""
    c[OK] = _ZERO
    c[SETTLED] = _ZERO
    c[ERROR_MDEG] = ERROR_UNKNOWN + _ZERO
    c[EMPTY] = 1 + _ZERO
    c[STAGE] = STAGE_FIRST + _ZERO
    c[DWELL] = _ZERO
    c[MISMATCH] = _ZERO
    c[CONTRADICTION_MDEG] = _ZERO
    c[CONSISTENT] = _ZERO
    c[DOUBT] = _ZERO
    c[REJECTED_MS] = _ZERO
    c[SHAKEN] = _ZERO
    c[UNAIDED_UDEG] = ERROR_START_UDEG + _ZERO
    c[AGREED] = _ZERO
    c[USUAL] = _ZERO
    c[PULL_X] = _ZERO
    c[PULL_Y] = _ZERO
    c[PULL_Z] = _ZERO


@micropython.viper
def _begin(c: ptr32, fx: int, fy: int, fz: int):
    """Take the first force for up, if it is about 1 g."""
    hx = fx >> 15
    hy = fy >> 15
    hz = fz >> 15
    norm = hx * hx + hy * hy + hz * hz
    if norm <= NORM_MIN or norm >= NORM_MAX:
        return
    c[UP_X] = fx + _ZERO
    c[UP_Y] = fy + _ZERO
    c[UP_Z] = fz + _ZERO
    c[MEAN_X] = _ZERO
    c[MEAN_Y] = _ZERO
    c[MEAN_Z] = _ZERO
    c[SUM_X] = _ZERO
    c[SUM_Y] = _ZERO
    c[SUM_Z] = _ZERO
    c[TAKEN] = _ZERO
    c[RATE_SUM] = _ZERO
    c[TURN] = c[FIRST_TURN]
    c[EMPTY] = _ZERO


@micropython.viper
def _miss(c: ptr32, now_ms: int):
    """Account for a tick without a usable sample: none, or saturated (RQ-051)."""
    age_ms = c[AGE_MS] - _ZERO
    if age_ms < AGE_MAX:
        # Limited first: after a start the clock may say anything, and no sum leaves 2^30.
        step_ms = now_ms - (c[THEN_MS] - _ZERO) & TICKS_MASK
        if step_ms > AGE_MAX:
            step_ms = AGE_MAX
        age_ms += step_ms
    c[THEN_MS] = now_ms + _ZERO
    if age_ms > HOLD_MAX_MS:
        c[OK] = _ZERO
        if age_ms > GAP_MAX_MS:
            if age_ms > AGE_MAX:
                age_ms = AGE_MAX
            if c[EMPTY] == _ZERO:
                _lose(c)
    c[AGE_MS] = age_ms + _ZERO


@micropython.viper
def follow(c: ptr32, sample, now_ms: int):
    """Advance a channel's cells to `now_ms` with this tick's ImuSample (in sensor axes)."""
    if not sample.ok or sample.saturated:
        _miss(c, now_ms)
        return
    step_ms = (now_ms - (c[THEN_MS] - _ZERO)) & TICKS_MASK
    if step_ms > AGE_MAX:
        step_ms = AGE_MAX
    step_ms += c[AGE_MS] - _ZERO
    if step_ms == 0:  # a tick made up for right after the last one: nothing new
        return
    c[THEN_MS] = now_ms + _ZERO
    c[AGE_MS] = _ZERO
    c[FORCE_X] = int(sample.ax_ug) + _ZERO
    c[FORCE_Y] = int(sample.ay_ug) + _ZERO
    c[FORCE_Z] = int(sample.az_ug) + _ZERO
    c[GYRO_X] = int(sample.gx_udps) + _ZERO
    c[GYRO_Y] = int(sample.gy_udps) + _ZERO
    c[GYRO_Z] = int(sample.gz_udps) + _ZERO
    _watch_scatter(c, step_ms)

    # Calibrated force in 1/64 micro-g.
    fx = (c[FORCE_X] - c[FORCE_BIAS_X] >> 5) * (c[FORCE_SCALE_X] - _ZERO) >> 2
    fx -= c[OFFSET_X] - _ZERO
    fy = (c[FORCE_Y] - c[FORCE_BIAS_Y] >> 5) * (c[FORCE_SCALE_Y] - _ZERO) >> 2
    fy -= c[OFFSET_Y] - _ZERO
    fz = (c[FORCE_Z] - c[FORCE_BIAS_Z] >> 5) * (c[FORCE_SCALE_Z] - _ZERO) >> 2
    fz -= c[OFFSET_Z] - _ZERO

    unaided_udeg = c[UNAIDED_UDEG] - _ZERO
    if step_ms > STEP_MAX_MS:
        if c[EMPTY] == _ZERO:
            if step_ms > GAP_MAX_MS:
                _lose(c)
            else:
                unaided_udeg += (step_ms - STEP_MAX_MS) * GAP_UDEG_PER_MS
        step_ms = STEP_MAX_MS
    if c[EMPTY] != _ZERO:
        _begin(c, fx, fy, fz)
        return

    # Turn of the sensor in this step. What the last shift cuts off is learned as bias.
    wx = c[GYRO_X] - c[BIAS_X] >> 10
    wy = c[GYRO_Y] - c[BIAS_Y] >> 10
    wz = c[GYRO_Z] - c[BIAS_Z] >> 10
    turn = step_ms * TURN_PER_MS_Q22 >> 10
    dx = wx * turn >> 12
    dy = wy * turn >> 12
    dz = wz * turn >> 12

    # up += up x turn
    ux = c[UP_X] - _ZERO
    uy = c[UP_Y] - _ZERO
    uz = c[UP_Z] - _ZERO
    hx = ux >> 15
    hy = uy >> 15
    hz = uz >> 15
    norm = hx * hx + hy * hy + hz * hz
    if norm < NORM_MIN or norm > NORM_MAX:
        _lose(c)
        return
    cx = (hy * dz - hz * dy) >> 5
    cy = (hz * dx - hx * dz) >> 5
    cz = (hx * dy - hy * dx) >> 5
    ux += cx
    uy += cy
    uz += cz
    vx = c[PULL_X] - _ZERO
    vy = c[PULL_Y] - _ZERO
    vz = c[PULL_Z] - _ZERO
    size = (dx if dx >= 0 else 0 - dx) + (dy if dy >= 0 else 0 - dy)
    size += dz if dz >= 0 else 0 - dz
    if size > FAST_TURN:
        # ... + (up x turn) x turn / 2, and the pull turns along.
        cx >>= 13
        cy >>= 13
        cz >>= 13
        ux += (cy * dz - cz * dy) >> 8
        uy += (cz * dx - cx * dz) >> 8
        uz += (cx * dy - cy * dx) >> 8
        cx = vx >> 14
        cy = vy >> 14
        cz = vz >> 14
        vx += (cy * dz - cz * dy) >> 6
        vy += (cz * dx - cx * dz) >> 6
        vz += (cx * dy - cy * dx) >> 6

    # Rate about the hinge in 1/512 mdeg/s, low-passed over four samples.
    rate = wx * (c[RATE_X] - _ZERO) + wy * (c[RATE_Y] - _ZERO) + wz * (c[RATE_Z] - _ZERO) >> 2
    rate_sum = c[RATE_SUM] - _ZERO
    rate_sum += (rate - rate_sum) >> 2
    c[RATE_SUM] = rate_sum + _ZERO
    rate = rate_sum >> 9
    c[RATE_MDEG_PER_S] = rate + _ZERO
    lead_mdeg = rate >> c[LEAD] - _ZERO
    if rate < 0:
        rate = 0 - rate

    # Bound of the error: grows with time and turn, shrinks with every pull.
    unaided_udeg += step_ms * DRIFT_UDEG_PER_MS
    if rate < RATE_MAX_MDEG_PER_S:
        unaided_udeg += rate * step_ms >> 6
    elif unaided_udeg < UNAIDED_MAX_UDEG:
        unaided_udeg += rate * step_ms

    # Pull toward the accelerometer.
    fx -= ux
    fy -= uy
    fz -= uz
    size = (fx if fx >= 0 else 0 - fx) + (fy if fy >= 0 else 0 - fy)
    size += fz if fz >= 0 else 0 - fz
    stage = c[STAGE] - _ZERO
    late = 1 if step_ms > 15 else 0
    usual = c[USUAL] - _ZERO
    # In eighths of a halving, e; 2^-(e / 8) is about (16 - e mod 8) / 16 / 2^(e div 8).
    shift = (size >> 1) // (WIDTH + (usual << WIDTH_SHIFT) >> 4)
    part = 16 - (shift & 7)
    shift >>= 3
    if shift > HALVINGS_MAX:  # a machine word knows no longer shifts
        shift = HALVINGS_MAX
    if stage == STAGE_LAST:
        unaided_udeg -= unaided_udeg >> stage + shift - late
        shift += 2
        vx += (((fx >> 2) * part >> shift) - vx) >> PULL_SHIFT - late
        vy += (((fy >> 2) * part >> shift) - vy) >> PULL_SHIFT - late
        vz += (((fz >> 2) * part >> shift) - vz) >> PULL_SHIFT - late
        ux += vx >> STAGE_LAST - late
        uy += vy >> STAGE_LAST - late
        uz += vz >> STAGE_LAST - late
        c[PULL_X] = vx + _ZERO
        c[PULL_Y] = vy + _ZERO
        c[PULL_Z] = vz + _ZERO
        more = usual + USUAL_FLOOR  # its double and the floor, less itself
        if size - usual < more:
            more = size - usual
        usual += more >> USUAL_SHIFT
        if usual < USUAL_MAX:
            c[USUAL] = usual + _ZERO
    elif size < REJECT:
        if c[SETTLED] == _ZERO:
            shift = 0
        shift += stage - late
        ux += fx >> shift
        uy += fy >> shift
        uz += fz >> shift
        unaided_udeg -= unaided_udeg >> shift
    if size < REJECT:
        c[SUM_X] += fx
        c[SUM_Y] += fy
        c[SUM_Z] += fz
        c[TAKEN] += 1
        c[REJECTED_MS] = _ZERO
    else:
        rejected_ms = c[REJECTED_MS] - _ZERO + step_ms
        if rejected_ms < REJECTED_STOP_MS:
            c[REJECTED_MS] = rejected_ms + _ZERO
        if rejected_ms > STARTING_REJECTED_MAX_MS:
            if c[SETTLED] == _ZERO:
                if stage < STAGE_LAST:
                    _lose(c)
                    return
            elif rejected_ms > REJECTED_MAX_MS:
                # Nothing but the gyroscope for too long. Not to be trusted then; but in a hand
                # that never rests it is the best there is.
                if stage < STAGE_LAST:
                    _lose(c)
                    c[SETTLE_STAGE] = STAGE_SETTLED_AFTER_DOUBT + _ZERO
                    return
                c[SETTLED] = _ZERO
                c[AGREED] = _ZERO
    c[UP_X] = ux + _ZERO
    c[UP_Y] = uy + _ZERO
    c[UP_Z] = uz + _ZERO
    c[UNAIDED_UDEG] = unaided_udeg + _ZERO

    if stage < STAGE_LAST:
        _advance(c, wx, wy, wz)
    c[TURN] -= 1
    if c[TURN] < _ZERO:
        _learn(c, hx, hy, hz)
        if c[EMPTY] != _ZERO:
            return

    # Bed axes.
    ux >>= 11
    uy >>= 11
    uz >>= 11
    bed_x = ux * (c[MOUNT_XX] - _ZERO) + uy * (c[MOUNT_XY] - _ZERO) + uz * (c[MOUNT_XZ] - _ZERO)
    bed_z = ux * (c[MOUNT_ZX] - _ZERO) + uy * (c[MOUNT_ZY] - _ZERO) + uz * (c[MOUNT_ZZ] - _ZERO)
    tilt_mdeg = int(atan2_mdeg(0 - (bed_x >> 9), bed_z >> 9))
    tilt_mdeg += (c[TILT_OFFSET_MDEG] - _ZERO) + (c[HOME_MDEG] - _ZERO) + lead_mdeg
    c[TILT_MDEG] = tilt_mdeg + _ZERO
    error_mdeg = (unaided_udeg >> 10) + (c[CONTRADICTION_MDEG] - _ZERO)
    c[ERROR_MDEG] = c[RESIDUAL_MDEG] + (c[WARMTH_MDEG] - _ZERO) + error_mdeg
    c[OK] = _ZERO
    if error_mdeg < ERROR_PEAK_MDEG and rate < RATE_MAX_MDEG_PER_S:
        if tilt_mdeg > TILT_MIN_MDEG and tilt_mdeg < TILT_MAX_MDEG:
            if c[CONSISTENT] != _ZERO and c[SETTLED] != _ZERO and c[NOISY] == _ZERO:
                c[OK] = 1 + _ZERO


@micropython.viper
def _watch_scatter(c: ptr32, step_ms: int):
    """Mean step between readings, by axis; noisy when two of them are too large (RQ-085).

    Noise is on every axis. What a bed does is not: it turns about one, and the motor shakes it
    along one more than along the others. So the middle one of the three counts. A bed that is
    shaken hard is felt by the accelerometer too, and then more is borne.
    """
    if step_ms <= STEADY_MS:
        jolt = 0
        axis = 0
        while axis < 3:
            step = c[FORCE_X + axis] - c[LAST_FORCE_X + axis]
            jolt += step if step >= 0 else 0 - step
            axis += 1
        if jolt > SHAKEN_CLIP_UG:
            jolt = SHAKEN_CLIP_UG
        shaken = c[SHAKEN_UG] - _ZERO
        shaken += (jolt - shaken) >> SCATTER_SHIFT
        c[SHAKEN_UG] = shaken + _ZERO
        # Once noisy, it stays so until the scatter is half of that.
        bound = SCATTER_MAX_UDPS
        shaken -= c[SHAKEN_FROM_UG] - _ZERO
        if shaken > 0:
            bound += shaken << 2
        if c[NOISY] != _ZERO:
            bound >>= 1
        many = 0
        axis = 0
        while axis < 3:
            step = c[GYRO_X + axis] - c[LAST_GYRO_X + axis]
            if step < 0:
                step = 0 - step
            if step > SCATTER_CLIP_UDPS:
                step = SCATTER_CLIP_UDPS
            scatter = c[SCATTER_X + axis] - _ZERO
            scatter += (step - scatter) >> SCATTER_SHIFT
            c[SCATTER_X + axis] = scatter + _ZERO
            if scatter > bound:
                many += 1
            axis += 1
        c[NOISY] = (1 if many >= 2 else 0) + _ZERO
    axis = 0
    while axis < 6:
        c[LAST_FORCE_X + axis] = c[FORCE_X + axis]
        axis += 1


@micropython.viper
def _advance(c: ptr32, wx: int, wy: int, wz: int):
    """While starting: raise the stage in time, and find the bias of a gyroscope at rest."""
    stage = c[STAGE] - _ZERO
    if stage < STAGE_LEARN and c[BIAS_KNOWN] == _ZERO:
        # The rates are short of the bias so far, in 1024 micro-deg/s.
        c[BIAS_X] += wx << 10 >> stage
        c[BIAS_Y] += wy << 10 >> stage
        c[BIAS_Z] += wz << 10 >> stage
        _clamp_bias(c)
    dwell = c[DWELL] - _ZERO + 1
    c[DWELL] = dwell + _ZERO
    if dwell < DWELL_SAMPLES << stage:
        return
    c[DWELL] = _ZERO
    pull = int(_length(c[MEAN_X] - _ZERO, c[MEAN_Y] - _ZERO, c[MEAN_Z] - _ZERO))
    if pull > SETTLED_MISMATCH:
        return
    stage += 1
    if stage == STAGE_LEARN and c[BIAS_KNOWN] == _ZERO:
        if pull > STILL:
            # Shaken: average on. Not for ever: with the motor off at a start, a rate that stays is
            # bias; and were it not, the pull would tell, in the error bound.
            if c[SHAKEN] - _ZERO < SHAKEN_MAX:
                c[SHAKEN] += 1
                return
        c[BIAS_KNOWN] = 1 + _ZERO
    c[STAGE] = stage + _ZERO
    if stage >= c[SETTLE_STAGE] - _ZERO:
        c[SETTLED] = 1 + _ZERO
        c[SETTLE_STAGE] = STAGE_SETTLED + _ZERO


@micropython.viper
def _learn(c: ptr32, hx: int, hy: int, hz: int):
    """The slow part, one tick in LEARN_EVERY: bias, and whether the sensors contradict.

    `hx`, `hy`, `hz`: up, in 2^15 / 64 micro-g.
    """
    c[TURN] = LEARN_EVERY - 1 + _ZERO
    # Mean pull of these samples, then over two such turns: 0.16 s. Without any sample the pull
    # stays what it was: contradiction is no evidence of agreement.
    taken = c[TAKEN] - _ZERO
    mx = c[MEAN_X] - _ZERO
    my = c[MEAN_Y] - _ZERO
    mz = c[MEAN_Z] - _ZERO
    if taken != 0:
        mx += (c[SUM_X] - _ZERO) // taken - mx >> 1
        my += (c[SUM_Y] - _ZERO) // taken - my >> 1
        mz += (c[SUM_Z] - _ZERO) // taken - mz >> 1
        c[MEAN_X] = mx + _ZERO
        c[MEAN_Y] = my + _ZERO
        c[MEAN_Z] = mz + _ZERO
        c[SUM_X] = _ZERO
        c[SUM_Y] = _ZERO
        c[SUM_Z] = _ZERO
        c[TAKEN] = _ZERO
    pull = int(_length(mx, my, mz))
    mismatch = c[MISMATCH] - _ZERO
    mismatch += pull - mismatch >> 3
    c[MISMATCH] = mismatch + _ZERO
    # A quarter more, because the mean lags while a contradiction grows.
    c[CONTRADICTION_MDEG] = ((pull if pull > mismatch else mismatch) * 5 >> 12) + _ZERO
    side = hx * (c[MOUNT_YX] - _ZERO) + hy * (c[MOUNT_YY] - _ZERO) + hz * (c[MOUNT_YZ] - _ZERO)
    c[CONSISTENT] = _ZERO
    if (c[UNAIDED_UDEG] - _ZERO + mismatch) >> 10 < ERROR_MAX_MDEG:
        if side > 0 - SIDE_MAX and side < SIDE_MAX:
            c[CONSISTENT] = 1 + _ZERO
    vx = c[PULL_X] - _ZERO
    vy = c[PULL_Y] - _ZERO
    vz = c[PULL_Z] - _ZERO
    stage = c[STAGE] - _ZERO
    if stage >= STAGE_LEARN:
        shift = stage + stage - LEARN_SHIFT
        if stage == STAGE_LAST:
            x = vx >> 8
            y = vy >> 8
            z = vz >> 8
            shift -= 1
            rate = c[RATE_MDEG_PER_S] - _ZERO
            if rate < 0:
                rate = 0 - rate
            if rate > TURNING_MIN_MDEG_PER_S and rate < TURNING_MAX_MDEG_PER_S:
                shift += TURNING_SHIFT
        else:
            x = mx >> 7
            y = my >> 7
            z = mz >> 7
            if pull > QUIET and c[SETTLED] != _ZERO:
                shift += 3
        c[BIAS_X] -= y * hz - z * hy >> shift
        c[BIAS_Y] -= z * hx - x * hz >> shift
        c[BIAS_Z] -= x * hy - y * hx >> shift
        _clamp_bias(c)
        if c[OFFSET_SPAN] != _ZERO and stage == STAGE_LAST:
            _learn_offset(c)
    if stage == STAGE_LAST and c[SETTLED] == _ZERO:
        c[AGREED] += 1
        if taken == 0 or mismatch > SETTLED_MISMATCH:
            c[AGREED] = _ZERO
        elif c[AGREED] - _ZERO > AGREED_TURNS:
            c[SETTLED] = 1 + _ZERO
    if int(_length(vx, vy, vz)) >> 10 < ERROR_MAX_MDEG:
        c[DOUBT] = _ZERO
    else:
        c[DOUBT] += 1
        if c[DOUBT] - _ZERO > DOUBT_MAX:
            _lose(c)
            c[SETTLE_STAGE] = STAGE_SETTLED_AFTER_DOUBT + _ZERO


@micropython.viper
def _learn_offset(c: ptr32):
    """At the last stage: what gravity is too long by, or too short, is offset (RQ-118)."""
    x = c[UP_X] - _ZERO >> 12
    y = c[UP_Y] - _ZERO >> 12
    z = c[UP_Z] - _ZERO >> 12
    excess = (x * x + y * y + z * z - ONE_G_SQUARED) >> EXCESS_SHIFT
    if excess > EXCESS_MAX:
        excess = EXCESS_MAX
    if excess < 0 - EXCESS_MAX:
        excess = 0 - EXCESS_MAX
    span = c[OFFSET_SPAN] - _ZERO
    away = 0
    axis = 0
    while axis < 3:
        offset = c[OFFSET_X + axis] - _ZERO
        offset += excess * (c[UP_X + axis] - _ZERO >> 12) >> OFFSET_SHIFT
        if offset > span:
            offset = span
        if offset < 0 - span:
            offset = 0 - span
        c[OFFSET_X + axis] = offset + _ZERO
        away += (offset >> 9) * (c[HOME_X + axis] - _ZERO)
        axis += 1
    # What this moves the tilt by at home is given back: there it was right. 8 micro-g in Q14.
    c[HOME_MDEG] = ((away >> 14) * MDEG_PER_8_UG_Q14 >> 14) + _ZERO


@micropython.viper
def _clamp_bias(c: ptr32):
    """Keep the learned bias near the calibrated one."""
    axis = 0
    while axis < 3:
        away = c[BIAS_X + axis] - c[BIAS_X0 + axis]
        if away > BIAS_SPAN_UDPS:
            c[BIAS_X + axis] = c[BIAS_X0 + axis] + BIAS_SPAN_UDPS
        elif away < 0 - BIAS_SPAN_UDPS:
            c[BIAS_X + axis] = c[BIAS_X0 + axis] - BIAS_SPAN_UDPS
        axis += 1


@micropython.viper
def _length(x: int, y: int, z: int) -> int:
    """Length of a vector: its longest side and 3/8 of the others, at most 3 % short."""
    if x < 0:
        x = 0 - x
    if y < 0:
        y = 0 - y
    if z < 0:
        z = 0 - z
    longest = x if x > y else y
    if z > longest:
        longest = z
    return longest + ((x + y + z - longest) * 3 >> 3)
