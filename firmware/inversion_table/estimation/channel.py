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

`update` is compiled to machine code on the chip (portable.py says how, and what it may use).

Scales, chosen so that every intermediate stays inside +-2^30 for all that the sensors can give
(tests/estimation proves it at the corners):

    force, up     1/64 micro-g       1 g = 64_000_000
    bias, rate    micro-deg/s
    turn          2^-20 rad
"""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.estimate import AGE_MAX_MS, ERROR_UNKNOWN_MDEG
from inversion_table.estimation.integer_math import atan2_mdeg
from inversion_table.estimation.portable import const

# --- time ---
STEP_MAX_MS = const(40)
"""Longest step that is integrated; what goes beyond is added to the error bound instead."""
HOLD_MAX_MS = const(50)
"""A channel without a good sample for longer is not ok (RQ-051)."""
AGE_MAX = const(1_000_000)
"""AGE_MAX_MS, as compiled code can read it."""
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


class GravityChannel:
    """Tilt, rate and error bound from one IMU and its calibration."""

    def __init__(
        self,
        calibration,
        learn_turn: int,
        lead_shift: int = LEAD_SHIFT,
        shaken_from_ug: int = PRIMARY_SHAKEN_FROM_UG,
    ) -> None:
        """`learn_turn` (0 .. LEARN_EVERY - 1): the tick on which the slow part runs."""
        self.ok = False
        """Settled, recent, consistent and plausible: `tilt_mdeg` may be used."""
        self.settled = False
        self.tilt_mdeg = 0
        self.rate_mdeg_per_s = 0
        self.error_mdeg = ERROR_UNKNOWN_MDEG
        self.age_ms = AGE_MAX_MS
        self.warmth_mdeg = 0
        """What temperature adds to the bound; the background sets it (estimation/warmth.py)."""
        self._first_turn = learn_turn
        self._lead_shift = lead_shift
        self._shaken_from_ug = shaken_from_ug
        self._fx_bias, self._fy_bias, self._fz_bias = calibration.accel_bias_ug
        # Q13: 8192 (1 + ppm / 10^6).
        self._fx_scale = 8_192 + calibration.accel_scale_ppm[0] * 128 // 15_625
        self._fy_scale = 8_192 + calibration.accel_scale_ppm[1] * 128 // 15_625
        self._fz_scale = 8_192 + calibration.accel_scale_ppm[2] * 128 // 15_625
        self._bias_x0, self._bias_y0, self._bias_z0 = calibration.gyro_bias_udps
        self._xx, self._xy, self._xz = calibration.mount_q14[0]
        self._yx, self._yy, self._yz = calibration.mount_q14[1]
        self._zx, self._zy, self._zz = calibration.mount_q14[2]
        self._rate_x = self._yx * RATE_ONE >> 14
        self._rate_y = self._yy * RATE_ONE >> 14
        self._rate_z = self._yz * RATE_ONE >> 14
        self._tilt_offset_mdeg = calibration.tilt_offset_mdeg
        self._residual_mdeg = calibration.residual_mdeg
        # How a force along each axis moves the tilt at home, and how much may be learned of it.
        # In bed axes, where up is (-sin, 0, cos), a force turns the tilt by (-cos, 0, -sin).
        self._home_x = -HOME_COS_Q14 * self._xx - HOME_SIN_Q14 * self._zx >> 14
        self._home_y = -HOME_COS_Q14 * self._xy - HOME_SIN_Q14 * self._zy >> 14
        self._home_z = -HOME_COS_Q14 * self._xz - HOME_SIN_Q14 * self._zz >> 14
        self._offset_span = 0
        if calibration.residual_mdeg >= OFFSET_RESIDUAL_MDEG:
            span_ug = calibration.residual_mdeg * OFFSET_UG_PER_MDEG
            self._offset_span = min(span_ug, OFFSET_MAX_UG) << 6
        self._offset_x = 0
        self._offset_y = 0
        self._offset_z = 0
        self._home_mdeg = 0
        self._ux = 0
        self._uy = 0
        self._uz = 0
        self._pull_x = 0
        self._pull_y = 0
        self._pull_z = 0
        self._sum_x = 0
        self._sum_y = 0
        self._sum_z = 0
        self._taken = 0
        self._rate_sum = 0
        self._turn = 0
        self._gx = 0
        self._gy = 0
        self._gz = 0
        self._ax = 0
        self._ay = 0
        self._az = 0
        self._shaken_ug = 0
        self._scatter_x = 0
        self._scatter_y = 0
        self._scatter_z = 0
        self.noisy = False
        """The gyroscope scatters more than a sound one, on two of its axes at least."""
        self.reset()

    def reset(self) -> None:
        """Forget everything but the calibration."""
        self._bias_x = self._bias_x0
        self._bias_y = self._bias_y0
        self._bias_z = self._bias_z0
        self._bias_known = False
        self._offset_x = 0
        self._offset_y = 0
        self._offset_z = 0
        self._home_mdeg = 0
        self._settle_stage = STAGE_SETTLED
        self._then_ms = 0
        self.rate_mdeg_per_s = 0
        self.age_ms = AGE_MAX_MS
        self._scatter_x = 0
        self._scatter_y = 0
        self._scatter_z = 0
        self._shaken_ug = 0
        self.noisy = False
        self._lose()

    def _lose(self) -> None:
        """Give up the vector: it will be found anew. The bias stays."""
        self.ok = False
        self.settled = False
        self.error_mdeg = ERROR_UNKNOWN_MDEG
        self._empty = True
        self._stage = STAGE_FIRST
        self._dwell = 0
        self._mismatch = 0
        self._contradiction_mdeg = 0
        self._consistent = False
        self._doubt = 0
        self._rejected_ms = 0
        self._shaken = 0
        self._unaided_udeg = ERROR_START_UDEG
        self._agreed = 0
        self._usual = 0
        self._vx = 0
        self._vy = 0
        self._vz = 0

    def _begin(self, fx: int, fy: int, fz: int) -> None:
        """Take the first force for up, if it is about 1 g."""
        norm = (fx >> 15) * (fx >> 15) + (fy >> 15) * (fy >> 15) + (fz >> 15) * (fz >> 15)
        if not NORM_MIN < norm < NORM_MAX:
            return
        self._ux = fx
        self._uy = fy
        self._uz = fz
        self._pull_x = 0
        self._pull_y = 0
        self._pull_z = 0
        self._sum_x = 0
        self._sum_y = 0
        self._sum_z = 0
        self._taken = 0
        self._rate_sum = 0
        self._turn = self._first_turn
        self._empty = False

    def miss(self, now_ms: int) -> None:
        """Account for a tick without a usable sample: none, or saturated (RQ-051)."""
        if self.age_ms < AGE_MAX_MS:
            # Limited first: after a start the clock may say anything, and no sum leaves 2^30.
            self.age_ms += min(now_ms - self._then_ms & TICKS_MASK, AGE_MAX_MS)
        self._then_ms = now_ms
        if self.age_ms > HOLD_MAX_MS:
            self.ok = False
            if self.age_ms > GAP_MAX_MS:
                if self.age_ms > AGE_MAX_MS:
                    self.age_ms = AGE_MAX_MS
                if not self._empty:
                    self._lose()

    @micropython.viper
    def update(self, sample, now_ms: int):
        """Advance to `now_ms` with this tick's sample (in sensor axes)."""
        if not sample.ok or sample.saturated:
            self.miss(now_ms)
            return
        step_ms = (now_ms - int(self._then_ms)) & TICKS_MASK
        if step_ms > AGE_MAX:
            step_ms = AGE_MAX
        step_ms += int(self.age_ms)
        if step_ms == 0:  # a tick made up for right after the last one: nothing new
            return
        self._then_ms = now_ms
        self.age_ms = 0

        self._watch_scatter(sample, step_ms)

        # Calibrated force in 1/64 micro-g.
        fx = ((int(sample.ax_ug) - int(self._fx_bias)) >> 5) * int(self._fx_scale) >> 2
        fx -= int(self._offset_x)
        fy = ((int(sample.ay_ug) - int(self._fy_bias)) >> 5) * int(self._fy_scale) >> 2
        fy -= int(self._offset_y)
        fz = ((int(sample.az_ug) - int(self._fz_bias)) >> 5) * int(self._fz_scale) >> 2
        fz -= int(self._offset_z)

        unaided_udeg = int(self._unaided_udeg)
        if step_ms > STEP_MAX_MS:
            if step_ms > GAP_MAX_MS and not self._empty:
                self._lose()
            if not self._empty:
                unaided_udeg += (step_ms - STEP_MAX_MS) * GAP_UDEG_PER_MS
            step_ms = STEP_MAX_MS
        if self._empty:
            self._begin(fx, fy, fz)
            return

        # Turn of the sensor in this step. What the last shift cuts off is learned as bias.
        wx = (int(sample.gx_udps) - int(self._bias_x)) >> 10
        wy = (int(sample.gy_udps) - int(self._bias_y)) >> 10
        wz = (int(sample.gz_udps) - int(self._bias_z)) >> 10
        turn = step_ms * TURN_PER_MS_Q22 >> 10
        dx = wx * turn >> 12
        dy = wy * turn >> 12
        dz = wz * turn >> 12

        # up += up x turn
        ux = int(self._ux)
        uy = int(self._uy)
        uz = int(self._uz)
        hx = ux >> 15
        hy = uy >> 15
        hz = uz >> 15
        norm = hx * hx + hy * hy + hz * hz
        if norm < NORM_MIN or norm > NORM_MAX:
            self._lose()
            return
        cx = (hy * dz - hz * dy) >> 5
        cy = (hz * dx - hx * dz) >> 5
        cz = (hx * dy - hy * dx) >> 5
        ux += cx
        uy += cy
        uz += cz
        vx = int(self._vx)
        vy = int(self._vy)
        vz = int(self._vz)
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
        rate = wx * int(self._rate_x) + wy * int(self._rate_y) + wz * int(self._rate_z) >> 2
        rate_sum = int(self._rate_sum)
        rate_sum += (rate - rate_sum) >> 2
        self._rate_sum = rate_sum
        rate = rate_sum >> 9
        self.rate_mdeg_per_s = rate
        lead_mdeg = rate >> int(self._lead_shift)
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
        stage = int(self._stage)
        late = 1 if step_ms > 15 else 0
        usual = int(self._usual)
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
            self._vx = vx
            self._vy = vy
            self._vz = vz
            more = usual + USUAL_FLOOR  # its double and the floor, less itself
            if size - usual < more:
                more = size - usual
            usual += more >> USUAL_SHIFT
            if usual < USUAL_MAX:
                self._usual = usual
        elif size < REJECT:
            if not self.settled:
                shift = 0
            shift += stage - late
            ux += fx >> shift
            uy += fy >> shift
            uz += fz >> shift
            unaided_udeg -= unaided_udeg >> shift
        if size < REJECT:
            self._sum_x = int(self._sum_x) + fx
            self._sum_y = int(self._sum_y) + fy
            self._sum_z = int(self._sum_z) + fz
            self._taken = int(self._taken) + 1
            self._rejected_ms = 0
        else:
            rejected_ms = int(self._rejected_ms) + step_ms
            if rejected_ms < REJECTED_STOP_MS:
                self._rejected_ms = rejected_ms
            if rejected_ms > STARTING_REJECTED_MAX_MS:
                if not self.settled:
                    if stage < STAGE_LAST:
                        self._lose()
                        return
                elif rejected_ms > REJECTED_MAX_MS:
                    # Nothing but the gyroscope for too long. Not to be trusted then; but in a hand
                    # that never rests it is the best there is.
                    if stage < STAGE_LAST:
                        self._lose()
                        self._settle_stage = STAGE_SETTLED_AFTER_DOUBT
                        return
                    self.settled = False
                    self._agreed = 0
        self._ux = ux
        self._uy = uy
        self._uz = uz
        self._unaided_udeg = unaided_udeg

        if stage < STAGE_LAST:
            self._advance(wx, wy, wz)
        turn = int(self._turn) - 1
        self._turn = turn
        if turn < 0:
            self._learn(hx, hy, hz)
            if self._empty:
                return

        # Bed axes.
        ux >>= 11
        uy >>= 11
        uz >>= 11
        tilt_mdeg = int(
            atan2_mdeg(
                0 - (ux * int(self._xx) + uy * int(self._xy) + uz * int(self._xz) >> 9),
                ux * int(self._zx) + uy * int(self._zy) + uz * int(self._zz) >> 9,
            )
        )
        tilt_mdeg += int(self._tilt_offset_mdeg) + int(self._home_mdeg) + lead_mdeg
        self.tilt_mdeg = tilt_mdeg
        error_mdeg = (unaided_udeg >> 10) + int(self._contradiction_mdeg)
        self.error_mdeg = int(self._residual_mdeg) + int(self.warmth_mdeg) + error_mdeg
        self.ok = False
        if error_mdeg < ERROR_PEAK_MDEG and rate < RATE_MAX_MDEG_PER_S:
            if tilt_mdeg > TILT_MIN_MDEG and tilt_mdeg < TILT_MAX_MDEG:
                if self._consistent and self.settled and not self.noisy:
                    self.ok = True

    @micropython.viper
    def _watch_scatter(self, sample, step_ms: int):
        """Mean step between readings, by axis; noisy when two of them are too large (RQ-085).

        Noise is on every axis. What a bed does is not: it turns about one, and the motor shakes it
        along one more than along the others. So the middle one of the three counts. A bed that is
        shaken hard is felt by the accelerometer too, and then more is borne.
        """
        gx = int(sample.gx_udps)
        gy = int(sample.gy_udps)
        gz = int(sample.gz_udps)
        ax = int(sample.ax_ug)
        ay = int(sample.ay_ug)
        az = int(sample.az_ug)
        if step_ms <= STEADY_MS:
            x = gx - int(self._gx)
            y = gy - int(self._gy)
            z = gz - int(self._gz)
            if x < 0:
                x = 0 - x
            if y < 0:
                y = 0 - y
            if z < 0:
                z = 0 - z
            if x > SCATTER_CLIP_UDPS:
                x = SCATTER_CLIP_UDPS
            if y > SCATTER_CLIP_UDPS:
                y = SCATTER_CLIP_UDPS
            if z > SCATTER_CLIP_UDPS:
                z = SCATTER_CLIP_UDPS
            scatter_x = int(self._scatter_x)
            scatter_y = int(self._scatter_y)
            scatter_z = int(self._scatter_z)
            scatter_x += (x - scatter_x) >> SCATTER_SHIFT
            scatter_y += (y - scatter_y) >> SCATTER_SHIFT
            scatter_z += (z - scatter_z) >> SCATTER_SHIFT
            self._scatter_x = scatter_x
            self._scatter_y = scatter_y
            self._scatter_z = scatter_z
            x = ax - int(self._ax)
            y = ay - int(self._ay)
            z = az - int(self._az)
            x = (x if x >= 0 else 0 - x) + (y if y >= 0 else 0 - y) + (z if z >= 0 else 0 - z)
            if x > SHAKEN_CLIP_UG:
                x = SHAKEN_CLIP_UG
            shaken = int(self._shaken_ug)
            shaken += (x - shaken) >> SCATTER_SHIFT
            self._shaken_ug = shaken
            # Once noisy, it stays so until the scatter is half of that.
            bound = SCATTER_MAX_UDPS
            shaken -= int(self._shaken_from_ug)
            if shaken > 0:
                bound += shaken << 2
            if self.noisy:
                bound >>= 1
            many = 0
            if scatter_x > bound:
                many += 1
            if scatter_y > bound:
                many += 1
            if scatter_z > bound:
                many += 1
            if many >= 2:
                self.noisy = True
            else:
                self.noisy = False
        self._gx = gx
        self._gy = gy
        self._gz = gz
        self._ax = ax
        self._ay = ay
        self._az = az

    def _advance(self, wx: int, wy: int, wz: int) -> None:
        """While starting: raise the stage in time, and find the bias of a gyroscope at rest."""
        stage = self._stage
        if stage < STAGE_LEARN and not self._bias_known:
            # The rates are short of the bias so far, in 1024 micro-deg/s.
            self._bias_x += wx << 10 >> stage
            self._bias_y += wy << 10 >> stage
            self._bias_z += wz << 10 >> stage
            self._clamp_bias()
        self._dwell += 1
        if self._dwell < DWELL_SAMPLES << stage:
            return
        self._dwell = 0
        pull = _length(self._pull_x, self._pull_y, self._pull_z)
        if pull > SETTLED_MISMATCH:
            return
        if pull > STILL and stage + 1 == STAGE_LEARN and not self._bias_known:
            # Shaken: average on. Not for ever: with the motor off at a start, a rate that stays is
            # bias; and were it not, the pull would tell, in the error bound.
            if self._shaken < SHAKEN_MAX:
                self._shaken += 1
                return
        self._stage = stage + 1
        if stage + 1 == STAGE_LEARN and not self._bias_known:
            self._bias_known = True
        if stage + 1 >= self._settle_stage:
            self.settled = True
            self._settle_stage = STAGE_SETTLED

    def _learn(self, hx: int, hy: int, hz: int) -> None:
        """The slow part, one tick in LEARN_EVERY: bias, and whether the sensors contradict.

        `hx`, `hy`, `hz`: up, in 2^15 / 64 micro-g.
        """
        self._turn = LEARN_EVERY - 1
        # Mean pull of these samples, then over two such turns: 0.16 s. Without any sample the pull
        # stays what it was: contradiction is no evidence of agreement.
        taken = self._taken
        if taken:
            self._pull_x += self._sum_x // taken - self._pull_x >> 1
            self._pull_y += self._sum_y // taken - self._pull_y >> 1
            self._pull_z += self._sum_z // taken - self._pull_z >> 1
            self._sum_x = 0
            self._sum_y = 0
            self._sum_z = 0
            self._taken = 0
        pull = _length(self._pull_x, self._pull_y, self._pull_z)
        self._mismatch += pull - self._mismatch >> 3
        # A quarter more, because the mean lags while a contradiction grows.
        self._contradiction_mdeg = max(pull, self._mismatch) * 5 >> 12
        side = hx * self._yx + hy * self._yy + hz * self._yz
        self._consistent = (
            self._unaided_udeg + self._mismatch
        ) >> 10 < ERROR_MAX_MDEG and -SIDE_MAX < side < SIDE_MAX
        stage = self._stage
        if stage >= STAGE_LEARN:
            shift = stage + stage - LEARN_SHIFT
            if stage == STAGE_LAST:
                x = self._vx >> 8
                y = self._vy >> 8
                z = self._vz >> 8
                shift -= 1
                rate = abs(self.rate_mdeg_per_s)
                if TURNING_MIN_MDEG_PER_S < rate < TURNING_MAX_MDEG_PER_S:
                    shift += TURNING_SHIFT
            else:
                x = self._pull_x >> 7
                y = self._pull_y >> 7
                z = self._pull_z >> 7
                if pull > QUIET and self.settled:
                    shift += 3
            self._bias_x -= y * hz - z * hy >> shift
            self._bias_y -= z * hx - x * hz >> shift
            self._bias_z -= x * hy - y * hx >> shift
            self._clamp_bias()
            if self._offset_span and stage == STAGE_LAST:
                self._learn_offset()
        if stage == STAGE_LAST and not self.settled:
            self._agreed += 1
            if not taken or self._mismatch > SETTLED_MISMATCH:
                self._agreed = 0
            elif self._agreed > AGREED_TURNS:
                self.settled = True
        if _length(self._vx, self._vy, self._vz) >> 10 < ERROR_MAX_MDEG:
            self._doubt = 0
        else:
            self._doubt += 1
            if self._doubt > DOUBT_MAX:
                self._lose()
                self._settle_stage = STAGE_SETTLED_AFTER_DOUBT

    @micropython.viper
    def _learn_offset(self):
        """At the last stage: what gravity is too long by, or too short, is offset (RQ-118)."""
        x = int(self._ux) >> 12
        y = int(self._uy) >> 12
        z = int(self._uz) >> 12
        excess = (x * x + y * y + z * z - ONE_G_SQUARED) >> EXCESS_SHIFT
        if excess > EXCESS_MAX:
            excess = EXCESS_MAX
        if excess < 0 - EXCESS_MAX:
            excess = 0 - EXCESS_MAX
        span = int(self._offset_span)
        x = int(self._offset_x) + (excess * x >> OFFSET_SHIFT)
        y = int(self._offset_y) + (excess * y >> OFFSET_SHIFT)
        z = int(self._offset_z) + (excess * z >> OFFSET_SHIFT)
        x = span if x > span else (0 - span if x < 0 - span else x)
        y = span if y > span else (0 - span if y < 0 - span else y)
        z = span if z > span else (0 - span if z < 0 - span else z)
        self._offset_x = x
        self._offset_y = y
        self._offset_z = z
        # What this moves the tilt by at home is given back: there it was right. 8 micro-g in Q14.
        away = (x >> 9) * int(self._home_x) + (y >> 9) * int(self._home_y)
        away += (z >> 9) * int(self._home_z)
        self._home_mdeg = (away >> 14) * MDEG_PER_8_UG_Q14 >> 14

    def _clamp_bias(self) -> None:
        self._bias_x = _near(self._bias_x, self._bias_x0, BIAS_SPAN_UDPS)
        self._bias_y = _near(self._bias_y, self._bias_y0, BIAS_SPAN_UDPS)
        self._bias_z = _near(self._bias_z, self._bias_z0, BIAS_SPAN_UDPS)


def _length(x: int, y: int, z: int) -> int:
    """Length of a vector: its longest side and 3/8 of the others, at most 3 % short."""
    x = x if x >= 0 else -x
    y = y if y >= 0 else -y
    z = z if z >= 0 else -z
    longest = max(x, y, z)
    return longest + ((x + y + z - longest) * 3 >> 3)


def _near(value: int, middle: int, span: int) -> int:
    if value > middle + span:
        return middle + span
    if value < middle - span:
        return middle - span
    return value
