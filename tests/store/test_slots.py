"""Two slots by turns, and the calibration that is kept in them."""

from pathlib import Path

import pytest

from inversion_table.estimation.calibration import (
    CalibrationError,
    nominal_monitor,
    nominal_primary,
)
from inversion_table.estimation.rest import MOVING, STILL, RestWatch
from inversion_table.estimation.table_calibration import FIRST_GUESS, FULL, TableCalibration
from inversion_table.safety import limits
from inversion_table.store.calibration import KeptCalibration
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store
from tests.store import cuts

HOME_UG = (965_926, 0, 258_819)


def record(kind=FULL, **changes):
    return {
        "version": 0,
        "kind": kind,
        "made_s": 1_790_000_000,
        "home_mdeg": -75_000,
        "temperature_mdegc": [24_000, 25_000],
        "primary": nominal_primary().to_dict(),
        "monitor": nominal_monitor().to_dict(),
        **changes,
    }


def rests(primary=HOME_UG, monitor=(-HOME_UG[0], 0, HOME_UG[2]), verdict=STILL):
    watches = RestWatch(0), RestWatch(2)
    for watch, mean in zip(watches, (primary, monitor), strict=True):
        watch.mean[:3] = mean
        watch.verdict = verdict
    return watches


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "data"))


def damage(store, slot):
    path = Path(store._root) / f"calibration_{slot}.json"
    path.write_bytes(path.read_bytes().replace(b"full", b"fool"))


@pytest.mark.requirement("RQ-111")
def test_slots_take_turns_and_the_one_before_stays(store):
    slots = Slots(store, "calibration")
    assert (slots.newest, slots.previous, slots.slot) == (None, None, "")
    for number in range(1, 6):
        assert slots.save({"version": 0, "number": number}) == number
        for seen in (slots, Slots(store, "calibration")):
            assert seen.newest == {"version": number, "number": number}
            assert seen.slot == "ab"[(number - 1) % 2]
            before = None if number == 1 else {"version": number - 1, "number": number - 1}
            assert seen.previous == before


@pytest.mark.requirement("RQ-111")
def test_over_the_newest_leaves_the_one_before(store):
    slots = Slots(store, "calibration")
    slots.save({"version": 0, "name": "whole"})
    slots.save({"version": 0, "name": "guess"})
    assert slots.save({"version": 0, "name": "new"}, over_newest=True) == 3
    assert slots.newest == {"version": 3, "name": "new"}
    assert slots.previous == {"version": 1, "name": "whole"}


@pytest.mark.requirement("RQ-070", "RQ-111")
@pytest.mark.parametrize("slot", ["a", "b"])
def test_a_damaged_slot_is_told_the_other_is_used_and_the_next_one_mends_it(store, slot):
    slots = Slots(store, "calibration")
    for _ in range(2):
        slots.save(record())
    damage(store, slot)
    kept = KeptCalibration(store)
    assert kept.current is not None
    assert not kept.ok
    assert kept.calibrated
    assert kept.to_dict()["damaged"] == slot
    assert kept.current.version == {"a": 2, "b": 1}[slot]
    kept.replace(record(), *rests())
    again = KeptCalibration(store)
    assert again.current is not None
    assert again.ok
    assert again.current.version == kept.current.version + 1


@pytest.mark.requirement("RQ-070")
def test_a_whole_slot_past_a_bound_is_not_used(store):
    slots = Slots(store, "calibration")
    slots.save(record())
    slots.save(record(home_mdeg=-80_000))
    kept = KeptCalibration(store)
    assert kept.current is not None
    assert not kept.ok
    assert kept.current.version == 1
    assert kept.to_dict()["damaged"] == "b"
    assert kept.to_dict()["slot"] == "a"


@pytest.mark.requirement("RQ-113")
def test_a_table_without_a_whole_calibration_limits_itself(store):
    for kind in (None, FIRST_GUESS, FULL):
        if kind:
            Slots(store, "calibration").save(record(kind))
        kept = KeptCalibration(store)
        assert kept.calibrated == (kind == FULL)
        for set_mdeg in (60_000, 20_000):
            settings = limits.Settings()
            settings.tilt_max_mdeg = set_mdeg
            kept.limit(settings)
            lowered = min(set_mdeg, limits.UNCALIBRATED_TILT_MAX_MDEG)
            assert settings.tilt_max_mdeg == (set_mdeg if kind == FULL else lowered)


@pytest.mark.requirement("RQ-112")
@pytest.mark.parametrize(("off_mdeg", "kept"), [(0, True), (950, True), (1_050, False)])
@pytest.mark.parametrize("role", ["primary", "monitor"])
def test_only_what_makes_this_rest_home_is_kept(store, role, off_mdeg, kept):
    calibration = record()
    calibration[role] = {**calibration[role], "tilt_offset_mdeg": off_mdeg}
    table = KeptCalibration(store)
    if kept:
        assert table.replace(calibration, *rests()) == 1
    else:
        with pytest.raises(CalibrationError, match=f"{role}: .* off home"):
            table.replace(calibration, *rests())
        assert KeptCalibration(store).current is None


@pytest.mark.requirement("RQ-112")
def test_a_bed_that_moves_takes_no_calibration(store):
    with pytest.raises(CalibrationError, match=r"not at rest \(moving\)"):
        KeptCalibration(store).replace(record(), *rests(verdict=MOVING))


@pytest.mark.requirement("RQ-111")
def test_a_first_guess_on_the_way_does_not_cost_the_whole_one_before(store):
    for made_s, kind in enumerate((FULL, FIRST_GUESS, FIRST_GUESS, FULL)):
        KeptCalibration(store).replace(record(kind, made_s=made_s), *rests())
    kept = KeptCalibration(store)
    assert kept.current is not None
    assert (kept.current.version, kept.current.kind) == (4, FULL)
    assert kept.to_dict()["previous"]["version"] == 1
    # And without one before, the guess itself is what can be had back.
    kept.replace(record(), *rests())
    assert KeptCalibration(store).to_dict()["previous"]["version"] == 4


@pytest.mark.requirement("RQ-128")
def test_the_same_calibration_again_is_kept_once_and_the_one_before_it_stays(store):
    for made_s in (1, 2, 2, 2):
        version = KeptCalibration(store).replace(record(made_s=made_s), *rests())
        assert version == made_s
    kept = KeptCalibration(store).to_dict()
    assert (kept["current"]["version"], kept["previous"]["version"]) == (2, 1)
    # Going back to the one before is another one; so is a slot that must be mended.
    assert KeptCalibration(store).replace(record(made_s=1), *rests()) == 3
    damage(store, "b")
    assert KeptCalibration(store).replace(record(made_s=1), *rests()) == 4
    assert KeptCalibration(store).ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "half"),
        ("home_mdeg", -79_001),
        ("home_mdeg", -70_999),
        ("home_mdeg", -75.0),
        ("version", True),
        ("version", -1),
        ("made_s", None),
        ("temperature_mdegc", [1]),
        ("temperature_mdegc", [1, 200_000]),
        ("primary", {}),
        ("monitor", None),
        ("more", 1),
    ],
)
def test_a_wrong_field_is_named(field, value):
    with pytest.raises(CalibrationError, match=field):
        TableCalibration(record(**{field: value}))


@pytest.mark.parametrize("field", TableCalibration.FIELDS)
def test_a_missing_field_is_named(field):
    values = record()
    del values[field]
    with pytest.raises(CalibrationError, match=f"{field}: missing"):
        TableCalibration(values)


def test_a_record_comes_back_as_it_was():
    assert TableCalibration(record()).to_dict() == record()
    with pytest.raises(CalibrationError, match="needs a table"):
        TableCalibration([])


@pytest.mark.requirement("RQ-111")
def test_a_power_cut_at_any_flash_operation_leaves_the_old_or_the_new_calibration():
    points, operations = cuts.prove("calibration", share=1)
    assert points > 500
    assert operations > 50
