"""Motor, worm gear, chain, bed and rider: from bridge voltages to the tilt of the bed.

Outward (toward head down) is positive. Electrics are quasi-static: the winding's time constant
(well under 1 ms) is below the step. The worm does not back-drive; the bed hangs in the backlash
between two flanks and falls through it when the gravity moment changes sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from table_bench.physics.rider import RestlessRider, Rider

KT_V_S_PER_RAD = 0.0764  # 24 V, 3000 rpm
RESISTANCE_OHM = 1.0
ROTOR_INERTIA_KG_M2 = 2e-5
FRICTION_NM = 0.02
BREAKAWAY_NM = 0.026
VISCOUS_NM_S = 2e-5
RATIO = 1800.0
EFFICIENCY = 0.35
# With friction set by the forward efficiency, the same teeth need this share of the load's torque
# to be driven along with the load (2 - 1/efficiency, negative: self-locking).
LOWERING = 1.0 / EFFICIENCY - 2.0
BACKLASH_RAD = math.radians(0.3)
BEARING_FRICTION_NM = 0.8
BEARING_VISCOUS_NM_S = 4.0
HOMEWARD_STOP_RAD = math.radians(-76.0)
OUTWARD_STOP_RAD = math.radians(92.0)
GRAVITY_M_S2 = 9.81

OPEN_CIRCUIT_V = 24.3
SUPPLY_OHM = 0.12
QUIESCENT_A = 0.15

MAX_STEP_S = 0.0031

_MOTOR_DAMPING = KT_V_S_PER_RAD * KT_V_S_PER_RAD / RESISTANCE_OHM + VISCOUS_NM_S


@dataclass
class DriveFaults:
    """What is broken. `runaway` is the polarity of a shorted bridge, 0 = none."""

    stalled: bool = False
    disconnected: bool = False
    reversed: bool = False
    runaway: int = 0
    gear_slips: bool = False
    creep_deg_per_s: float = 0.0
    sag_v: float = 0.0


class Drivetrain:
    """State and motion of the mechanics. Angles in rad, `tilt_rad` positive = head down."""

    def __init__(self, rider: Rider, tilt_deg: float, seed: int) -> None:
        self.rider = RestlessRider(rider, seed)
        self._inertia = rider.inertia_kg_m2()
        self.faults = DriveFaults()
        self.tilt_rad = math.radians(tilt_deg)
        self.rate_rad_s = 0.0
        self.rotor_rad_s = 0.0
        self.current_a = 0.0
        self.supply_v = OPEN_CIRCUIT_V
        self._flank = 1 if self._gravity_nm(self.tilt_rad) >= 0.0 else -1
        self._worm_rad = self.tilt_rad - self._flank * BACKLASH_RAD / 2.0
        free = ROTOR_INERTIA_KG_M2
        joined = free + self._inertia / (RATIO * RATIO)
        self._tau_free_s = free / _MOTOR_DAMPING
        self._tau_joined_s = joined / _MOTOR_DAMPING

    def _gravity_nm(self, tilt_rad: float) -> float:
        rider = self.rider
        return GRAVITY_M_S2 * (
            rider.moment_along_kg_m * math.cos(tilt_rad)
            + rider.moment_normal_kg_m * math.sin(tilt_rad)
        )

    def advance(
        self, dt_s: float, outward: float, homeward: float, enabled: bool, powered: bool
    ) -> None:
        """Let `dt_s` pass with these duties (0..1) at the bridge inputs.

        `enabled` low lets the motor coast; both inputs low brake it. `powered`: relay closed.
        """
        self.rider.advance(dt_s)
        faults = self.faults
        drive = outward - homeward
        if faults.reversed:
            drive = -drive
        connected = powered and enabled and not faults.disconnected
        if faults.runaway and powered:
            drive = float(faults.runaway)
            connected = not faults.disconnected
        self.supply_v = (
            OPEN_CIRCUIT_V
            - faults.sag_v
            - SUPPLY_OHM * (QUIESCENT_A + abs(drive) * self.current_a * connected)
        )
        if self.supply_v < 0.0:
            self.supply_v = 0.0
        voltage = drive * self.supply_v if connected else 0.0
        if self._at_rest(voltage, connected):
            return
        steps = int(dt_s / MAX_STEP_S) + 1
        self._integrate(dt_s / steps, steps, voltage, connected)

    def _at_rest(self, voltage: float, connected: bool) -> bool:
        """Nothing moves and nothing will: settle the current and say so."""
        if self.rotor_rad_s != 0.0 or self.rate_rad_s != 0.0 or self._flank == 0:
            return False
        faults = self.faults
        if faults.creep_deg_per_s:
            return False
        torque = KT_V_S_PER_RAD * voltage / RESISTANCE_OHM
        if not -BREAKAWAY_NM < torque < BREAKAWAY_NM and not faults.stalled:
            return False
        if self._gravity_nm(self.tilt_rad) * self._flank < -BEARING_FRICTION_NM:
            return False
        self.current_a = abs(voltage) / RESISTANCE_OHM if connected else 0.0
        return True

    def _integrate(self, h: float, steps: int, voltage: float, connected: bool) -> None:
        faults = self.faults
        rider = self.rider
        along = rider.moment_along_kg_m * GRAVITY_M_S2
        normal = rider.moment_normal_kg_m * GRAVITY_M_S2
        inertia = self._inertia
        speed = self.rotor_rad_s
        worm = self._worm_rad
        tilt = self.tilt_rad
        rate = self.rate_rad_s
        flank = self._flank
        half_gap = BACKLASH_RAD / 2.0
        creep = math.radians(faults.creep_deg_per_s)
        stall_torque = KT_V_S_PER_RAD * voltage / RESISTANCE_OHM
        damping = _MOTOR_DAMPING if connected else VISCOUS_NM_S
        scale = _MOTOR_DAMPING / damping
        decay_free = math.exp(-h / (self._tau_free_s * scale))
        decay_joined = math.exp(-h / (self._tau_joined_s * scale))
        sin, cos = math.sin, math.cos
        for _ in range(steps):
            gravity = along * cos(tilt) + normal * sin(tilt)
            load = 0.0 if flank == 0 else gravity / RATIO
            # Rotor: exact solution of the linear equation over the step, friction held constant.
            if speed > 0.0 or (speed == 0.0 and stall_torque > 0.0):
                resist = FRICTION_NM + (-load / EFFICIENCY if load < 0.0 else load * LOWERING)
                if speed == 0.0 and stall_torque <= resist + (BREAKAWAY_NM - FRICTION_NM):
                    new_speed = 0.0
                else:
                    final = (stall_torque - resist) / damping
                    decay = decay_joined if flank else decay_free
                    new_speed = final + (speed - final) * decay
                    if new_speed < 0.0:
                        new_speed = 0.0
            elif speed < 0.0 or stall_torque < 0.0:
                resist = FRICTION_NM + (load / EFFICIENCY if load > 0.0 else -load * LOWERING)
                if speed == 0.0 and -stall_torque <= resist + (BREAKAWAY_NM - FRICTION_NM):
                    new_speed = 0.0
                else:
                    final = (stall_torque + resist) / damping
                    decay = decay_joined if flank else decay_free
                    new_speed = final + (speed - final) * decay
                    if new_speed > 0.0:
                        new_speed = 0.0
            else:
                new_speed = 0.0
            if faults.stalled:
                new_speed = 0.0
            worm_rate = creep if faults.gear_slips else new_speed / RATIO + creep
            worm += worm_rate * h
            speed = new_speed
            # End stops: the chain is taut, so the worm stops half a gap behind the bed.
            if worm > OUTWARD_STOP_RAD + half_gap:
                worm, speed, worm_rate = OUTWARD_STOP_RAD + half_gap, 0.0, 0.0
            elif worm < HOMEWARD_STOP_RAD - half_gap:
                worm, speed, worm_rate = HOMEWARD_STOP_RAD - half_gap, 0.0, 0.0
            # Bed: carried by a flank as long as that flank has to push.
            if flank:
                push = inertia * (worm_rate - rate) / h - gravity
                if push * flank > BEARING_FRICTION_NM:
                    flank = 0
                else:
                    tilt = worm + flank * half_gap
                    rate = worm_rate
            if not flank:
                moment = gravity - BEARING_VISCOUS_NM_S * rate
                if rate > 0.0:
                    moment -= BEARING_FRICTION_NM
                elif rate < 0.0:
                    moment += BEARING_FRICTION_NM
                elif -BEARING_FRICTION_NM < moment < BEARING_FRICTION_NM:
                    moment = 0.0
                new_rate = rate + moment / inertia * h
                rate = 0.0 if new_rate * rate < 0.0 else new_rate
                tilt += rate * h
                if tilt >= worm + half_gap:
                    tilt, rate, flank = worm + half_gap, worm_rate, 1
                elif tilt <= worm - half_gap:
                    tilt, rate, flank = worm - half_gap, worm_rate, -1
            if tilt > OUTWARD_STOP_RAD:
                tilt, rate, flank = OUTWARD_STOP_RAD, 0.0, 0
            elif tilt < HOMEWARD_STOP_RAD:
                tilt, rate, flank = HOMEWARD_STOP_RAD, 0.0, 0
        self.rotor_rad_s = speed
        self._worm_rad = worm
        self.tilt_rad = tilt
        self.rate_rad_s = rate
        self._flank = flank
        self.current_a = (
            abs(voltage - KT_V_S_PER_RAD * speed) / RESISTANCE_OHM if connected else 0.0
        )
