"""The settings that a table keeps: two slots, and whether a session has proved them."""

from pathlib import Path

import pytest

from inversion_table.contract.identity import settings_id
from inversion_table.safety import limits
from inversion_table.store.settings import KeptSettings
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store, StoreError
from tests.store import cuts

WORKSHOP = limits.Settings().to_dict()


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "data"))


def changed(store, **changes):
    kept = KeptSettings(store)
    assert kept.replace({**kept.stored.to_dict(), **changes}, kept.id())
    return kept


@pytest.mark.requirement("RQ-145")
def test_what_was_set_is_used_from_the_next_start_and_the_one_before_stays(store):
    assert KeptSettings(store).in_use().to_dict() == WORKSHOP
    for number, tilt in enumerate((50_000, 40_000, 30_000), 1):
        changed(store, tilt_max_mdeg=tilt)
        kept = KeptSettings(store)
        assert kept.ok
        assert kept.in_use().to_dict() == {**WORKSHOP, "tilt_max_mdeg": tilt}
        assert kept.id() == settings_id(kept.stored.to_dict())
        slots = Slots(store, "settings")
        assert slots.newest is not None
        assert (slots.newest["version"], slots.slot) == (number, "ab"[(number - 1) % 2])
    assert slots.previous is not None
    assert slots.previous["values"]["tilt_max_mdeg"] == 40_000
    kept.in_use().tilt_max_mdeg = 1  # whoever uses them may lower them
    assert kept.stored.tilt_max_mdeg == 30_000


def test_what_the_workshop_put_there_counts_until_something_is_set(store):
    store.save("settings", {**WORKSHOP, "tilt_max_mdeg": 25_000})
    assert KeptSettings(store).stored.tilt_max_mdeg == 25_000
    changed(store, rest_ms=90_000)
    assert KeptSettings(store).stored.to_dict() == {
        **WORKSHOP, "tilt_max_mdeg": 25_000, "rest_ms": 90_000
    }  # fmt: skip


@pytest.mark.requirement("RQ-070", "RQ-145")
@pytest.mark.parametrize(
    ("how", "slots"),
    [
        *(("damaged", slots) for slots in ("a", "b", "ab")),
        # Of two whole ones the older is only looked at when the newer cannot be used.
        *((how, slots) for how in ("past a bound", "another thing") for slots in ("b", "ab")),
    ],
)
def test_a_slot_that_cannot_be_used_is_told_and_mended_by_what_is_set_next(store, how, slots):
    for tilt in (50_000, 40_000):
        changed(store, tilt_max_mdeg=tilt)
    for slot in slots:
        name = f"settings_{slot}"
        if how == "damaged":
            path = Path(store._root) / f"{name}.json"
            path.write_bytes(path.read_bytes().replace(b"60000", b"90000"))
        else:
            value = store.load(name)
            past = {**WORKSHOP, "rate_max_mdeg_per_s": 6_000}
            value["values"] = past if how == "past a bound" else 7
            store.save(name, value)
    kept = KeptSettings(store)
    assert not kept.ok
    left = {"a": 40_000, "b": 50_000, "ab": 60_000}[slots]
    assert kept.in_use().tilt_max_mdeg == left
    # The same values again mend it too: that is what `settings reset` does.
    assert kept.replace(kept.stored.to_dict(), kept.id())
    again = KeptSettings(store)
    assert (kept.ok, again.ok) == (True, True)
    assert again.stored.to_dict() == kept.stored.to_dict()


@pytest.mark.requirement("RQ-070")
def test_damaged_values_of_the_workshop_are_not_the_defaults_in_silence(store):
    store.save("settings", {**WORKSHOP, "tilt_max_mdeg": 25_000})
    path = Path(store._root) / "settings.json"
    path.write_bytes(path.read_bytes().replace(b"25000", b"95000"))
    kept = KeptSettings(store)
    assert not kept.ok
    assert kept.replace(WORKSHOP, kept.id())
    assert KeptSettings(store).ok


@pytest.mark.requirement("RQ-146")
def test_a_session_proves_the_settings_that_it_ran_with_and_no_others(store):
    kept = KeptSettings(store)
    further = {**WORKSHOP, "tilt_max_mdeg": 70_000}
    with pytest.raises(limits.SettingsError, match="after a session"):
        kept.replace(further, kept.id())
    kept.prove(kept.in_use())
    assert KeptSettings(store).proved()
    assert kept.replace(further, kept.id())
    assert not kept.proved()
    lowered = kept.in_use()
    lowered.tilt_max_mdeg = 30_000  # as an uncalibrated table lowers them for itself
    kept.prove(lowered)
    assert not KeptSettings(store).proved()
    kept.prove(kept.in_use())
    assert KeptSettings(store).proved()
    # What says so is damaged: then it is to be proved anew.
    path = Path(store._root) / "settings_proved.json"
    path.write_bytes(b"nonsense")
    assert not KeptSettings(store).proved()


@pytest.mark.requirement("RQ-145")
def test_what_was_made_from_older_settings_is_refused(store):
    kept = changed(store, tilt_max_mdeg=50_000)
    with pytest.raises(limits.SettingsError, match="changed meanwhile"):
        kept.replace({**WORKSHOP, "rest_ms": 90_000}, settings_id(WORKSHOP))
    # The same again, because its reply was lost, changes nothing and is no error.
    assert not kept.replace({**WORKSHOP, "tilt_max_mdeg": 50_000}, settings_id(WORKSHOP))


@pytest.mark.requirement("RQ-145")
def test_a_store_that_takes_nothing_leaves_everything_as_it_was(store, monkeypatch):
    kept = KeptSettings(store)

    def full(name, value):
        raise StoreError("no room")

    monkeypatch.setattr(store, "save", full)
    with pytest.raises(StoreError):
        kept.replace({**WORKSHOP, "rest_ms": 90_000}, kept.id())
    assert kept.stored.to_dict() == WORKSHOP
    assert kept.ok


@pytest.mark.requirement("RQ-145")
def test_a_power_cut_at_any_flash_operation_leaves_the_old_or_the_new_settings():
    points, operations = cuts.prove("settings", share=2)
    assert points > 200
    assert operations > 30
