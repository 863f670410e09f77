"""The machine itself: calculations by hand against the simulation."""

import math

import pytest

from table_bench.physics import Drivetrain, Rider, SafetyRelay

LYING_STILL = {"restless": 0.0}


def run(table, seconds, outward=0.0, homeward=0.0, enabled=True, powered=True):
    for _ in range(round(seconds * 100)):
        table.advance(0.01, outward, homeward, enabled, powered)


def tilt(table):
    return math.degrees(table.tilt_rad)


def rate(table):
    return math.degrees(table.rate_rad_s)


def test_no_load_speed_is_ten_degrees_a_second():
    # 24.3 V / 0.0764 V s/rad / 1800 = 0.177 rad/s = 10.1 deg/s, less what friction and sag take.
    balanced = Rider(com_along_m=0.0, com_normal_m=0.0, restless=0.0)
    table = Drivetrain(balanced, 0.0, seed=1)
    run(table, 3.0, outward=1.0)
    assert 9.8 < math.degrees(table.rotor_rad_s / 1800.0) < 10.1


def test_current_follows_from_the_moment_of_the_rider():
    # At -60 deg, 80 kg, 3 cm feet-heavy, 10 cm up, bed 20 kg 2 cm up:
    # M = 9.81 (80 (-0.03 cos60 - 0.1 sin60) - 20 0.02 sin60) = -83.1 N m, against outward.
    # Motor: 83.1 / 1800 / 0.35 + 0.02 N m friction = 0.152 N m -> 0.152 / 0.0764 = 1.99 A.
    table = Drivetrain(Rider(**LYING_STILL), -65.0, seed=1)
    table_reached = False
    for _ in range(400):
        run(table, 0.01, outward=0.3)
        if tilt(table) >= -60.0:
            table_reached = True
            break
    assert table_reached
    assert table.current_a == pytest.approx(1.99, abs=0.08)


@pytest.mark.parametrize("mass_kg", [50.0, 120.0])
@pytest.mark.parametrize("at_deg", [-70.0, 0.0, 60.0, 90.0])
def test_the_worm_holds_without_power(mass_kg, at_deg):
    table = Drivetrain(Rider(mass_kg=mass_kg, **LYING_STILL), at_deg, seed=1)
    run(table, 20.0, enabled=False)
    assert tilt(table) == pytest.approx(at_deg, abs=0.31)
    run(table, 5.0, outward=1.0, powered=False)
    assert tilt(table) == pytest.approx(at_deg, abs=0.31)


def test_brake_stops_at_once_and_coasting_soon():
    for enabled, limit_deg in ((True, 0.1), (False, 0.2)):
        table = Drivetrain(Rider(**LYING_STILL), -60.0, seed=1)
        run(table, 3.0, outward=0.4)
        before = tilt(table)
        run(table, 1.0, enabled=enabled)
        assert 0.0 < tilt(table) - before < limit_deg
        assert rate(table) == 0.0


def test_both_inputs_high_is_a_brake():
    table = Drivetrain(Rider(**LYING_STILL), -60.0, seed=1)
    run(table, 2.0, outward=1.0, homeward=1.0)
    assert tilt(table) == pytest.approx(-60.0, abs=0.01)


def test_the_bed_falls_through_the_backlash_where_gravity_changes_sign():
    # tan(tilt) = 80 0.03 / (80 0.1 + 20 0.02) -> 15.9 deg is where the moment is zero.
    table = Drivetrain(Rider(**LYING_STILL), 5.0, seed=1)
    worm, bed = [], []
    for _ in range(900):
        run(table, 0.01, outward=0.33)
        worm.append(math.degrees(table._worm_rad))
        bed.append(tilt(table))
    lag = [b - w for b, w in zip(bed, worm, strict=True)]
    assert lag[0] == pytest.approx(-0.15, abs=0.01)
    assert lag[-1] == pytest.approx(0.15, abs=0.01)
    changed_at = next(b for b, g in zip(bed, lag, strict=True) if g > 0.0)
    assert 15.9 < changed_at < 19.0


@pytest.mark.parametrize(("outward", "homeward", "stop"), [(1.0, 0.0, 92.0), (0.0, 1.0, -76.0)])
def test_end_stops_stall_the_motor(outward, homeward, stop):
    table = Drivetrain(Rider(**LYING_STILL), stop - math.copysign(2.0, stop), seed=1)
    run(table, 3.0, outward=outward, homeward=homeward)
    assert tilt(table) == pytest.approx(stop, abs=0.31)
    # Stalled: (24.3 V - 0.12 ohm (I + 0.15 A)) / 1 ohm = I -> I = 21.7 A.
    assert table.current_a == pytest.approx(21.7, abs=0.3)
    assert table.supply_v == pytest.approx(21.7, abs=0.3)


def test_faults_of_the_drive():
    table = Drivetrain(Rider(**LYING_STILL), 0.0, seed=1)
    table.faults.stalled = True
    run(table, 1.0, outward=0.3)
    assert tilt(table) == pytest.approx(0.0, abs=0.2)
    assert table.current_a == pytest.approx(0.3 * table.supply_v, rel=0.02)
    table.faults.stalled = False
    table.faults.disconnected = True
    run(table, 1.0, outward=0.3)
    assert table.current_a == 0.0
    table.faults.disconnected = False
    table.faults.reversed = True
    run(table, 2.0, outward=0.3)
    assert tilt(table) < -3.0
    table.faults.reversed = False
    table.faults.runaway = 1
    run(table, 2.0, enabled=False)
    assert rate(table) > 8.0
    run(table, 0.5, enabled=False, powered=False)
    assert rate(table) == 0.0
    table.faults.runaway = 0
    table.faults.creep_deg_per_s = -0.5
    before = tilt(table)
    run(table, 4.0)
    assert tilt(table) - before == pytest.approx(-2.0, abs=0.35)


def test_a_restless_rider_moves_little_and_the_same_for_the_same_seed():
    def loads(seed):
        table = Drivetrain(Rider(), 0.0, seed)
        seen = []
        for _ in range(6000):
            run(table, 0.01)
            seen.append(table.rider.moment_along_kg_m / 80.0)
        return seen

    first = loads(1)
    assert first == loads(1)
    assert first != loads(2)
    assert max(abs(x + 0.03) for x in first) < 0.04
    assert max(first) - min(first) > 0.002


@pytest.mark.parametrize("field", [{"mass_kg": 5.0}, {"height_m": 9.0}])
def test_impossible_riders_are_refused(field):
    with pytest.raises(ValueError, match="not within"):
        Rider(**field)


def beat(relay, start_ms, end_ms, period_ms=10):
    closed = {}
    for ms in range(start_ms, end_ms):
        if ms % period_ms == 0:
            relay.edge(ms * 1000)
        closed[ms] = relay.update(ms * 1000)
    return closed


def silence(relay, start_ms, end_ms):
    return {ms: relay.update(ms * 1000) for ms in range(start_ms, end_ms)}


def test_the_relay_closes_50_ms_after_the_heartbeat_starts_and_opens_within_100_ms():
    relay = SafetyRelay()
    closed = beat(relay, 0, 201)
    assert min(ms for ms, on in closed.items() if on) == 50
    after = silence(relay, 201, 400)
    opened_ms = min(ms for ms, on in after.items() if not on)
    assert 270 <= opened_ms <= 300


def test_a_slow_heartbeat_never_closes_the_relay():
    assert not any(beat(SafetyRelay(), 0, 1000, period_ms=60).values())


def test_estop_opens_the_relay_within_the_drop_out_time():
    relay = SafetyRelay()
    beat(relay, 0, 200)
    relay.estop_pressed = True
    closed = beat(relay, 200, 300)
    assert min(ms for ms, on in closed.items() if not on) == 210
    relay.estop_pressed = False
    closed = beat(relay, 300, 400)
    assert min(ms for ms, on in closed.items() if on) == 310


def test_relay_faults():
    relay = SafetyRelay()
    relay.dead = True
    assert not any(beat(relay, 0, 200).values())
    relay.dead = False
    relay.welded = True
    assert all(silence(relay, 200, 600).values())
