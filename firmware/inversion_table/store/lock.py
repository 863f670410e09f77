"""The prescription lock: with a key on the device, only plans are taken that bear its seal.

The key is set once, in SERVICE (service.py), and nothing on the link can read, set or remove it
(RQ-133). It is read from the flash for each check and not kept in memory.
"""

from inversion_table.contract.messages import COUNTER_MAX
from inversion_table.contract.seal import KeyFormError, key_id, read_key, same, seal
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store, StoreError

KEY = "seal_key"
COUNTER = "sealed"


class SealError(Exception):
    """The plan is not taken, or the key not kept; the text says why."""


def set_key(store: Store, text: str) -> str:
    """Keep the clinic's key (64 hex digits) and lock the device; returns the key's id.

    Raises SealError when there is one already or this is none, StoreError.
    """
    try:
        key = read_key(text)
    except KeyFormError as error:
        raise SealError(str(error)) from None
    try:
        present = store.load(KEY) is not None
    except StoreError:
        present = True  # damaged, but a clinic has locked this table
    if present:
        raise SealError("this table has a key already; a key is set once")
    store.save(KEY, {"key": text})
    return key_id(key)


class PlanLock:
    """Whether the device is locked, and which plans it takes. `device`: its name on the wire."""

    def __init__(self, store: Store, device: str) -> None:
        self._store = store
        self._slots = Slots(store, COUNTER)
        self.device = device
        self.locked = False
        self.key_id = ""
        self.problem = ""
        """What a person should know, "" when all is well."""
        self.counter = 0
        """The highest that a sealed plan had which was taken."""
        self._seal = ""
        newest = self._slots.newest
        if newest is not None and type(newest.get("counter")) is int:
            self.counter = newest["counter"]
            self._seal = str(newest.get("seal"))
        try:
            key = self._key()
        except SealError as error:
            self.locked = True
            self.problem = str(error)
            return
        if key is not None:
            self.locked = True
            self.key_id = key_id(key)
            if self._counter_lost():
                self.problem = _COUNTER_LOST

    def _key(self) -> bytes | None:
        """The key; None without one. A damaged one is not "none": SealError (RQ-132)."""
        try:
            value = self._store.load(KEY)
        except StoreError:
            raise SealError(_KEY_DAMAGED) from None
        if value is None:
            return None
        text = value.get("key") if isinstance(value, dict) else None
        try:
            return read_key(text if isinstance(text, str) else "")
        except KeyFormError:
            raise SealError(_KEY_DAMAGED) from None

    def _counter_lost(self) -> bool:
        return self._slots.newest is None and bool(self._slots.damaged) and not self.counter

    def check(self, plan, counter: int | None, text: str | None) -> None:
        """Raise SealError unless the plan may be taken now: its seal is right, and new (RQ-132)."""
        if not self.locked:
            return
        self._check_seal(plan, counter, text)
        if self._counter_lost():
            raise SealError(_COUNTER_LOST)
        number = counter or 0
        if number < self.counter or (number == self.counter and text != self._seal):
            raise SealError(
                "this seal was used before, or an older one (its number is %d, the table is at %d)"
                % (number, self.counter)
            )

    def _check_seal(self, plan, counter: int | None, text: str | None) -> None:
        key = self._key()
        if key is None:
            raise SealError(_KEY_DAMAGED)  # it was there at the start
        if not counter or not text:
            raise SealError("this plan has no seal")
        right = seal(key, self.device, counter, plan.canonical())
        if not same(right.encode(), text.encode()):
            raise SealError("this seal does not fit: another key, another table or a changed plan")

    def take(self, counter: int | None, text: str | None) -> None:
        """Remember the number of a plan that passed `check`, before it is stored.

        In this order a power cut leaves the old plan and a number that the same plan, sent again,
        still fits (RQ-134). Raises StoreError.
        """
        if self.locked and counter is not None and counter > self.counter:
            self._slots.save({"counter": counter, "seal": text})
            self.counter = counter
            self._seal = str(text)

    def wrap(self, wire: dict, counter: int | None, text: str | None) -> dict:
        """What is stored of a plan."""
        if not self.locked:
            return wire
        return {"plan": wire, "counter": counter, "seal": text}

    def unwrap(self, stored: object) -> tuple:
        """(plan's wire form, its counter or None, its seal or None) of what `wrap` made."""
        if not isinstance(stored, dict) or "plan" not in stored:
            return stored, None, None
        return stored["plan"], stored.get("counter"), stored.get("seal")

    def check_stored(self, plan, counter: object, text: object) -> bool:
        """Whether a plan found in the flash may be used; if not, `problem` says why (RQ-132)."""
        if not self.locked:
            return True
        if type(counter) is not int or not isinstance(text, str):
            counter, text = 0, ""
        try:
            if not 0 <= counter <= COUNTER_MAX:
                raise SealError("its number is damaged")
            self._check_seal(plan, counter, text)
        except SealError as error:
            if not self.problem:
                self.problem = "the stored plan is not used: %s" % error
            return False
        if counter > self.counter:  # the other record of it is damaged
            self.counter = counter
            self._seal = text
        return True


_KEY_DAMAGED = "the clinic's key on this table is damaged: it takes no plan until SERVICE mends it"
_COUNTER_LOST = "the number of the last sealed plan is damaged: no plan until SERVICE mends it"
