"""One IMU's own tilt: a gravity vector carried by the gyroscope, corrected by the accelerometer.

The state is the direction of gravity's reaction ("up") in sensor axes, so that any mount works. Per
sample, with rate w and specific force f:

    up += (up x w) dt                      turn against the sensor's rotation
    up += (f - up) / 2^shift               a first-order pull toward the accelerometer
    bias -= k ((f - up) x up)              what the pull must keep correcting is gyroscope bias

(the complementary filter on the vector with integral feedback of Mahony, Hamel and Pflimlin, 2008).
`shift` follows what there is to gain: right after a start it is small and grows stage by stage, as
a Kalman filter's gain would fall; later it grows with the size of f - up, so that vibration counts
less and a jolt not at all.

Scales, chosen so that every intermediate stays inside +-2^30 for all that the sensors can give
(tests/estimation proves it at the corners):

    force, up     1/64 micro-g       1 g = 64_000_000
    bias, rate    micro-deg/s
    turn          2^-20 rad
"""

from inversion_table.estimation.estimate import AGE_MAX_MS, ERROR_UNKNOWN_MDEG
from inversion_table.estimation.integer_math import atan2_mdeg
from inversion_table.safety.ticks import elapsed_ms

# --- time ---
STEP_MAX_MS = 40
"""Longest step that is integrated; what goes beyond is added to the error bound instead."""
HOLD_MAX_MS = 50
"""A channel without a good sample for longer is not ok (RQ-051)."""
GAP_MAX_MS = 500
"""After a gap longer than this, up is found anew (the bias is kept)."""

# --- gains, by stage: a pull of 1/2^stage a sample; at 100 Hz its time constant is 2^stage x 10 ms
STAGE_FIRST = 3
STAGE_LEARN = 5
"""From here on bias is learned from the pull; before, as the mean of the gyroscope at rest."""
STAGE_SETTLED = 5
STAGE_SETTLED_AFTER_DOUBT = 7
STAGE_LAST = 8
DWELL_SAMPLES = 3
"""A stage lasts three time constants. First ones together: 0.72 s."""
LEARN_EVERY = 8
LEARN_SHIFT = 3
"""Bias gain 1/2^(2 stage - 3) per LEARN_EVERY samples: damping 1.2 at every stage."""

# --- trust in the accelerometer, by |x| + |y| + |z| of f - up ---
WEIGHT_SHIFT = 21
"""Each 33 mg halves the pull."""
REJECT = 16_000_000
"""0.25 g: no gravity, no pull."""
REJECTED_MAX_MS = 2_000
STARTING_REJECTED_MAX_MS = 200
QUIET = 2_100_000
"""33 mg (1.9 deg): a mean pull past this is more likely a push than bias: learn 8 times less."""
STILL = 400_000
"""6 mg: at a start, up turns slower than 2 deg/s."""
SHAKEN_MAX = 2
"""Further averages of 0.48 s each while a start is not still."""
SETTLED_MISMATCH = 1_700_000
"""27 mg, or 1.5 deg, of mean pull at most while settling."""
NORM_MIN = 2_441_000
NORM_MAX = 5_493_000
"""(0.8 g)^2 and (1.2 g)^2, in (2^15 / 64 micro-g)^2: outside, up is not gravity."""

# --- plausibility of the tilt ---
TILT_MIN_MDEG = -100_000
TILT_MAX_MDEG = 110_000
"""The stops are near -80 and +92 deg: past these the IMU hangs upside down, or loose (RQ-055)."""
SIDE_MAX = 10_944_000
"""sin(20 deg): the hinge is level, so more gravity along y means a loose or wrong mount."""

# --- error bound ---
ERROR_START_UDEG = 10_000_000
DRIFT_UDEG_PER_MS = 100
"""0.1 deg/s: gyroscope bias that is not learned yet, as the bound assumes it."""
UNAIDED_MAX_UDEG = 200_000_000
GAP_UDEG_PER_MS = 8_000
"""The fastest that the table turns before it trips, 8 deg/s."""
ERROR_MAX_MDEG = 6_000
"""More than this above the calibration's residual, over 0.6 s: not ok (RQ-054). A rider who shifts
(0.1 g for 0.3 s, 0.3 g for 0.5 s) stays below."""
ERROR_PEAK_MDEG = 12_000
"""The same at once."""
RATE_MAX_MDEG_PER_S = 20_000
"""No table turns like that: not ok, and the bound grows by all of it."""
DOUBT_MAX = 25
"""Turns of LEARN_EVERY (2 s) with a pull that will not go away, until up is found anew."""

# --- noise ---
SCATTER_MAX_UDPS = 150_000
"""Mean step from one reading of the gyroscope to the next. Noise as in the data sheets (ST DS12814:
3.8 mdps, PS-MPU-6000A: 5 mdps a root hertz) makes 26 and 23 mdps of it through the filters that are
set, 10 times as much 260 and 226 (RQ-085)."""
SCATTER_CLIP_UDPS = 2_000_000
"""The most that one step counts for: the gear stops the bed within a few readings."""
SCATTER_SHIFT = 5
"""Averaged over 32 readings."""
STEADY_MS = 15
"""Readings further apart are not compared."""

BIAS_SPAN_UDPS = 20_000_000
"""Learned bias stays this near to the calibrated one."""
TURN_PER_MS_Q22 = 78_602
"""2^-20 rad per ms for 1024 micro-deg/s: pi / 180 x 1.024e-6 x 2^20, in Q22."""
RATE_ONE = 2_097
"""1.0 in the mount's row for the rate: 1.024 x 2^11, from 1024 micro-deg/s to mdeg/s."""


class GravityChannel:
    """Tilt, rate and error bound from one IMU and its calibration."""

    def __init__(self, calibration, learn_turn: int) -> None:
        """`learn_turn` (0 .. LEARN_EVERY - 1): the tick on which the slow part runs."""
        self.ok = False
        """Settled, recent, consistent and plausible: `tilt_mdeg` may be used."""
        self.settled = False
        self.tilt_mdeg = 0
        self.rate_mdeg_per_s = 0
        self.error_mdeg = ERROR_UNKNOWN_MDEG
        self.age_ms = AGE_MAX_MS
        self._first_turn = learn_turn
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
        self._settle_stage = STAGE_SETTLED
        self._then_ms = 0
        self.rate_mdeg_per_s = 0
        self.age_ms = AGE_MAX_MS
        self._scatter_x = 0
        self._scatter_y = 0
        self._scatter_z = 0
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
            self.age_ms += elapsed_ms(now_ms, self._then_ms)
        self._then_ms = now_ms
        if self.age_ms > HOLD_MAX_MS:
            self.ok = False
            if self.age_ms > GAP_MAX_MS:
                if self.age_ms > AGE_MAX_MS:
                    self.age_ms = AGE_MAX_MS
                if not self._empty:
                    self._lose()

    def update(self, sample, now_ms: int) -> None:
        """Advance to `now_ms` with this tick's sample (in sensor axes)."""
        if not sample.ok or sample.saturated:
            self.miss(now_ms)
            return
        step_ms = elapsed_ms(now_ms, self._then_ms) + self.age_ms
        if step_ms == 0:  # a tick made up for right after the last one: nothing new
            return
        self._then_ms = now_ms
        self.age_ms = 0

        self._watch_scatter(sample, step_ms)

        # Calibrated force in 1/64 micro-g.
        fx = (sample.ax_ug - self._fx_bias >> 5) * self._fx_scale >> 2
        fy = (sample.ay_ug - self._fy_bias >> 5) * self._fy_scale >> 2
        fz = (sample.az_ug - self._fz_bias >> 5) * self._fz_scale >> 2

        unaided_udeg = self._unaided_udeg
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
        wx = sample.gx_udps - self._bias_x >> 10
        wy = sample.gy_udps - self._bias_y >> 10
        wz = sample.gz_udps - self._bias_z >> 10
        turn = step_ms * TURN_PER_MS_Q22 >> 10
        dx = wx * turn >> 12
        dy = wy * turn >> 12
        dz = wz * turn >> 12

        # up += up x turn
        ux = self._ux
        uy = self._uy
        uz = self._uz
        hx = ux >> 15
        hy = uy >> 15
        hz = uz >> 15
        if not NORM_MIN < hx * hx + hy * hy + hz * hz < NORM_MAX:
            self._lose()
            return
        ux += hy * dz - hz * dy >> 5
        uy += hz * dx - hx * dz >> 5
        uz += hx * dy - hy * dx >> 5

        # Rate about the hinge in 1/512 mdeg/s, low-passed over four samples.
        rate = wx * self._rate_x + wy * self._rate_y + wz * self._rate_z >> 2
        rate = self._rate_sum + (rate - self._rate_sum >> 2)
        self._rate_sum = rate
        rate >>= 9
        self.rate_mdeg_per_s = rate
        if rate < 0:
            rate = -rate

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
        size = (fx if fx >= 0 else -fx) + (fy if fy >= 0 else -fy) + (fz if fz >= 0 else -fz)
        if size < REJECT:
            shift = self._stage
            if self.settled:
                shift += size >> WEIGHT_SHIFT
            if step_ms > 15:
                shift -= 1
            ux += fx >> shift
            uy += fy >> shift
            uz += fz >> shift
            unaided_udeg -= unaided_udeg >> shift
            self._sum_x += fx
            self._sum_y += fy
            self._sum_z += fz
            self._taken += 1
            self._rejected_ms = 0
        else:
            self._rejected_ms += step_ms
            if self._rejected_ms > STARTING_REJECTED_MAX_MS:
                if not self.settled:
                    self._lose()
                    return
                if self._rejected_ms > REJECTED_MAX_MS:
                    self._lose()
                    self._settle_stage = STAGE_SETTLED_AFTER_DOUBT
                    return
        self._ux = ux
        self._uy = uy
        self._uz = uz
        self._unaided_udeg = unaided_udeg

        if self._stage < STAGE_LAST:
            self._advance(wx, wy, wz)
        turn = self._turn - 1
        self._turn = turn
        if turn < 0:
            self._learn(hx, hy, hz)
            if self._empty:
                return

        # Bed axes.
        ux >>= 11
        uy >>= 11
        uz >>= 11
        tilt_mdeg = self._tilt_offset_mdeg + atan2_mdeg(
            -(ux * self._xx + uy * self._xy + uz * self._xz >> 9),
            ux * self._zx + uy * self._zy + uz * self._zz >> 9,
        )
        self.tilt_mdeg = tilt_mdeg
        error_mdeg = (unaided_udeg >> 10) + self._contradiction_mdeg
        self.error_mdeg = self._residual_mdeg + error_mdeg
        self.ok = (
            self._consistent
            and self.settled
            and not self.noisy
            and error_mdeg < ERROR_PEAK_MDEG
            and rate < RATE_MAX_MDEG_PER_S
            and TILT_MIN_MDEG < tilt_mdeg < TILT_MAX_MDEG
        )

    def _watch_scatter(self, sample, step_ms: int) -> None:
        """Mean step between readings, by axis; noisy when two of them are too large (RQ-085).

        Noise is on every axis. What a bed does is not: it turns about one, and the motor shakes it
        along one more than along the others. So the middle one of the three counts.
        """
        if step_ms <= STEADY_MS:
            self._scatter_x += _step(sample.gx_udps - self._gx) - self._scatter_x >> SCATTER_SHIFT
            self._scatter_y += _step(sample.gy_udps - self._gy) - self._scatter_y >> SCATTER_SHIFT
            self._scatter_z += _step(sample.gz_udps - self._gz) - self._scatter_z >> SCATTER_SHIFT
            # Once noisy, it stays so until the scatter is half of that.
            bound = SCATTER_MAX_UDPS >> 1 if self.noisy else SCATTER_MAX_UDPS
            many = 0
            if self._scatter_x > bound:
                many += 1
            if self._scatter_y > bound:
                many += 1
            if self._scatter_z > bound:
                many += 1
            self.noisy = many >= 2
        self._gx = sample.gx_udps
        self._gy = sample.gy_udps
        self._gz = sample.gz_udps

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
        pull = self._pull_size()
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

    def _pull_size(self) -> int:
        """Length of the mean pull: its longest side and 3/8 of the others, at most 3 % short."""
        x = self._pull_x if self._pull_x >= 0 else -self._pull_x
        y = self._pull_y if self._pull_y >= 0 else -self._pull_y
        z = self._pull_z if self._pull_z >= 0 else -self._pull_z
        longest = max(x, y, z)
        return longest + ((x + y + z - longest) * 3 >> 3)

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
        pull = self._pull_size()
        self._mismatch += pull - self._mismatch >> 3
        # A quarter more, because the mean lags while a contradiction grows.
        self._contradiction_mdeg = max(pull, self._mismatch) * 5 >> 12
        side = hx * self._yx + hy * self._yy + hz * self._yz
        self._consistent = (
            self._unaided_udeg + self._mismatch
        ) >> 10 < ERROR_MAX_MDEG and -SIDE_MAX < side < SIDE_MAX
        if self._stage >= STAGE_LEARN:
            x = self._pull_x >> 7
            y = self._pull_y >> 7
            z = self._pull_z >> 7
            shift = self._stage + self._stage - LEARN_SHIFT
            if pull > QUIET and self.settled:
                shift += 3
            self._bias_x -= y * hz - z * hy >> shift
            self._bias_y -= z * hx - x * hz >> shift
            self._bias_z -= x * hy - y * hx >> shift
            self._clamp_bias()
        if self._mismatch >> 10 < ERROR_MAX_MDEG:
            self._doubt = 0
        else:
            self._doubt += 1
            if self._doubt > DOUBT_MAX:
                self._lose()
                self._settle_stage = STAGE_SETTLED_AFTER_DOUBT

    def _clamp_bias(self) -> None:
        self._bias_x = _near(self._bias_x, self._bias_x0)
        self._bias_y = _near(self._bias_y, self._bias_y0)
        self._bias_z = _near(self._bias_z, self._bias_z0)


def _step(difference: int) -> int:
    if difference < 0:
        difference = -difference
    return difference if difference < SCATTER_CLIP_UDPS else SCATTER_CLIP_UDPS


def _near(value: int, middle: int) -> int:
    if value > middle + BIAS_SPAN_UDPS:
        return middle + BIAS_SPAN_UDPS
    if value < middle - BIAS_SPAN_UDPS:
        return middle - BIAS_SPAN_UDPS
    return value
