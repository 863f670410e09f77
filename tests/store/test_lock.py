"""The prescription lock: which plans a locked table takes, and what a damaged flash makes of it."""

from pathlib import Path

import pytest

from inversion_table.contract.seal import key_id, seal
from inversion_table.store.lock import COUNTER, KEY, PlanLock, SealError, set_key
from inversion_table.store.values import Store
from tests.micropython import run_on_micropython
from tests.session.plans import make

SECRET = bytes(range(100, 132))
OTHER = bytes(range(32))
DEVICE = "e6614103e7452d2f"
PLAN = make((30_000, 3_000, 60_000), name="one")
CHANGED = make((31_000, 3_000, 60_000), name="one")


def sealed(counter, plan=PLAN, key=SECRET, device=DEVICE) -> tuple[int, str]:
    return counter, seal(key, device, counter, plan.canonical())


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "data"))


@pytest.fixture
def locked(store):
    set_key(store, SECRET.hex())
    return store


def take(lock, counter, text, plan=PLAN) -> None:
    lock.check(plan, counter, text)
    lock.take(counter, text)


def path_of(store, name):
    return Path(store._root) / f"{name}.json"


def test_without_a_key_any_plan_is_taken_and_nothing_is_kept(store):
    lock = PlanLock(store, DEVICE)
    assert (lock.locked, lock.key_id, lock.counter, lock.problem) == (False, "", 0, "")
    for counter, text in ((None, None), (5, "0" * 64), sealed(1)):
        take(lock, counter, text)
        assert lock.wrap(PLAN.to_wire(), counter, text) == PLAN.to_wire()
    assert lock.check_stored(PLAN, None, None)
    assert PlanLock(store, DEVICE).counter == 0


@pytest.mark.requirement("RQ-132")
def test_a_locked_table_takes_what_its_key_has_sealed_for_it_once(locked):
    lock = PlanLock(locked, DEVICE)
    assert (lock.locked, lock.key_id) == (True, key_id(SECRET))
    take(lock, *sealed(1))
    take(lock, *sealed(1))  # the reply was lost: the same again
    take(lock, *sealed(9))
    assert lock.counter == PlanLock(locked, DEVICE).counter == 9


NO_SEAL, NO_FIT, USED = "no seal", "does not fit", "used before"
REFUSED = {
    "no seal": (None, None, NO_SEAL),
    "no number": (None, sealed(5)[1], NO_SEAL),
    "a number and no seal": (5, None, NO_SEAL),
    "no hex": (5, "x" * 64, NO_FIT),
    "another key": (*sealed(5, key=OTHER), NO_FIT),
    "another table": (*sealed(5, device="e6614103e7452d30"), NO_FIT),
    "another plan": (*sealed(5, CHANGED), NO_FIT),
    "another number": (6, sealed(5)[1], NO_FIT),
    "an older one": (*sealed(3), USED),
    "the last number, another plan": (*sealed(4, CHANGED), NO_FIT),
}


@pytest.mark.requirement("RQ-132")
@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_and_changes_nothing(locked, name):
    lock = PlanLock(locked, DEVICE)
    take(lock, *sealed(4))
    counter, text, why = REFUSED[name]
    with pytest.raises(SealError, match=why):
        lock.check(PLAN, counter, text)
    assert PlanLock(locked, DEVICE).counter == 4


@pytest.mark.requirement("RQ-132")
def test_a_seal_used_before_is_refused_also_after_a_restart(locked):
    first, second = sealed(1), sealed(2, CHANGED)
    lock = PlanLock(locked, DEVICE)
    take(lock, *first)
    take(lock, *second, CHANGED)
    for again in (lock, PlanLock(locked, DEVICE)):
        with pytest.raises(SealError, match="used before"):
            again.check(PLAN, *first)
        again.check(CHANGED, *second)
        # The same number for another plan: a slip of whoever seals, or an attack.
        with pytest.raises(SealError, match="used before"):
            again.check(PLAN, *sealed(2))


@pytest.mark.requirement("RQ-132")
def test_a_stored_plan_is_used_only_with_its_seal(locked):
    counter, text = sealed(3)
    lock = PlanLock(locked, DEVICE)
    stored = lock.wrap(PLAN.to_wire(), counter, text)
    assert lock.unwrap(stored) == (PLAN.to_wire(), counter, text)
    assert lock.check_stored(PLAN, counter, text)
    assert lock.problem == ""
    assert lock.counter == 3  # both slots of the number may be lost, the plan still tells it
    for odd in ((None, None), (3, None), ("3", text), (True, text), (4, text), (-3, text)):
        fresh = PlanLock(locked, DEVICE)
        assert not fresh.check_stored(PLAN, *odd)
        assert "stored plan is not used" in fresh.problem
    assert not PlanLock(locked, DEVICE).check_stored(CHANGED, counter, text)


@pytest.mark.requirement("RQ-132")
def test_a_plan_from_before_the_lock_is_not_used(locked):
    lock = PlanLock(locked, DEVICE)
    _, counter, text = lock.unwrap(PLAN.to_wire())
    assert not lock.check_stored(PLAN, counter, text)
    assert "no seal" in lock.problem


@pytest.mark.requirement("RQ-133")
def test_a_key_is_set_once(store):
    assert set_key(store, SECRET.hex()) == key_id(SECRET)
    for text in (OTHER.hex(), SECRET.hex()):
        with pytest.raises(SealError, match="has a key already"):
            set_key(store, text)
    assert PlanLock(store, DEVICE).key_id == key_id(SECRET)


@pytest.mark.requirement("RQ-133")
def test_what_is_no_key_locks_nothing(store):
    for text in ("", "ab", "zz" * 32):
        with pytest.raises(SealError, match="64 hex digits"):
            set_key(store, text)
    assert not PlanLock(store, DEVICE).locked


@pytest.mark.requirement("RQ-132")
@pytest.mark.parametrize("content", [b"", b"garbage", b'{"key":"00"} 12345678\n'])
def test_a_damaged_key_is_not_no_key(locked, content):
    path_of(locked, KEY).write_bytes(content)
    lock = PlanLock(locked, DEVICE)
    assert lock.locked
    assert "key on this table is damaged" in lock.problem
    with pytest.raises(SealError, match="damaged"):
        lock.check(PLAN, *sealed(1))
    assert not lock.check_stored(PLAN, *sealed(1))
    with pytest.raises(SealError, match="has a key already"):
        set_key(locked, OTHER.hex())


@pytest.mark.requirement("RQ-132")
@pytest.mark.parametrize("value", [{}, {"key": "0"}, {"key": 5}, [], 1])
def test_a_whole_record_that_is_no_key_is_a_damaged_one(store, value):
    store.save(KEY, value)
    lock = PlanLock(store, DEVICE)
    assert (lock.locked, lock.key_id) == (True, "")


@pytest.mark.requirement("RQ-132")
def test_a_key_that_goes_away_while_the_table_runs_opens_nothing(locked):
    lock = PlanLock(locked, DEVICE)
    path_of(locked, KEY).unlink()
    with pytest.raises(SealError, match="damaged"):
        lock.check(PLAN, *sealed(1))


@pytest.mark.requirement("RQ-132")
def test_a_number_that_is_lost_in_both_slots_takes_no_plan(locked):
    lock = PlanLock(locked, DEVICE)
    for counter in (1, 2, 3):
        take(lock, *sealed(counter))
    path_of(locked, COUNTER + "_a").write_bytes(b"x")
    one_left = PlanLock(locked, DEVICE)
    assert one_left.counter in (2, 3)
    take(one_left, *sealed(7))
    assert PlanLock(locked, DEVICE).counter == 7  # and the damaged slot is mended
    for slot in "ab":
        path_of(locked, f"{COUNTER}_{slot}").write_bytes(b"x")
    lost = PlanLock(locked, DEVICE)
    assert "number of the last sealed plan is damaged" in lost.problem
    with pytest.raises(SealError, match="number of the last"):
        lost.check(PLAN, *sealed(8))
    assert lost.check_stored(PLAN, *sealed(7))
    lost.check(PLAN, *sealed(8))  # the stored plan told the number


@pytest.mark.requirement("RQ-134")
def test_a_power_cut_at_any_flash_operation_never_turns_the_number_back():
    script = Path(__file__).parent / "device" / "cut_lock.py"
    journal = Path(__file__).parents[1] / "journal"  # its model of NOR flash
    said = run_on_micropython(script, path=(journal,))
    assert said[-1] == "ok"
    assert int(said[-2].split()[1]) > 100
