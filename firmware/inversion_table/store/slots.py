"""A value in two slots by turns: the newest is in use, the one before it can be had back.

A slot is a value of the store, so a power cut leaves it old or new, whole (RQ-069); and what is
in use is never written over (RQ-111).
"""

from inversion_table.store.values import Store, StoreError

SLOTS = ("a", "b")


class Slots:
    """Two slots of the store under one name. A value is a dict with a "version" that counts up."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self.newest: dict | None = None
        self.previous: dict | None = None
        self.slot = ""
        """Where `newest` lies: one of SLOTS, "" while there is none."""
        self.damaged: list[str] = []
        """Slots that hold something that cannot be read."""
        self._load()

    def _load(self) -> None:
        self.newest = None
        self.previous = None
        self.slot = ""
        self.damaged = []
        for slot in SLOTS:
            try:
                value = self._store.load("%s_%s" % (self._name, slot))
            except StoreError:
                self.damaged.append(slot)
                continue
            if value is None:
                continue
            if not isinstance(value, dict) or type(value.get("version")) is not int:
                self.damaged.append(slot)
            elif self.newest is None or value["version"] > self.newest["version"]:
                self.previous = self.newest
                self.newest = value
                self.slot = slot
            else:
                self.previous = value

    def reject(self) -> None:
        """What is newest is whole, but not to be used: count its slot as damaged."""
        if self.newest is not None:
            self.damaged.append(self.slot)
            self.newest = self.previous
            self.previous = None
            self.slot = "" if self.newest is None else SLOTS[1 - SLOTS.index(self.slot)]

    def save(self, value: dict, over_newest: bool = False) -> int:
        """Keep `value` as the newest, under the next version, which is returned.

        It goes over the older one, or where a damaged one lies; with `over_newest` over the newest,
        so that the older one stays. Raises StoreError; then all is as it was.
        """
        value = dict(value)
        value["version"] = 1 if self.newest is None else self.newest["version"] + 1
        slot = self.slot or SLOTS[1]
        if not over_newest:
            slot = SLOTS[1 - SLOTS.index(slot)]
        self._store.save("%s_%s" % (self._name, slot), value)
        version = value["version"]
        self._load()
        return version
