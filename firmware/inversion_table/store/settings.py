"""The settings that the table keeps: loaded and checked at the start, replaced only at home."""

from inversion_table.contract.identity import settings_id
from inversion_table.safety import limits
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store, StoreError

NAME = "settings"
VALUES = "values"
PROVED = "settings_proved"
SAVES_MOST = 3
"""Both slots may hold what cannot be used: each is written over, and what is new is the newest."""


class KeptSettings:
    """What the two slots hold. The settings in use may be lower (store/calibration.py)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._slots = Slots(store, NAME)
        found: limits.Settings | None = None
        while self._slots.newest is not None and found is None:
            try:
                found = limits.Settings.from_dict(_values(self._slots.newest))
            except limits.SettingsError:
                self._slots.reject()
        self.ok = not self._slots.damaged
        """False: a slot is damaged. What is left is used, but nothing starts (RQ-070)."""
        if found is None and self.ok:
            found = self._of_the_workshop()
        self.stored = found if found is not None else limits.Settings()
        self._proved_id = self._load_proved()

    def _of_the_workshop(self) -> limits.Settings | None:
        """What was put on the flash as one value, before anything was set over the link."""
        try:
            value = self._store.load(NAME)
            return None if value is None else limits.Settings.from_dict(value)  # type: ignore[arg-type]
        except (StoreError, limits.SettingsError):
            self.ok = False
            return None

    def _load_proved(self) -> str:
        try:
            return str(self._store.load(PROVED))
        except StoreError:
            return ""  # damaged: a session proves them anew

    def in_use(self) -> limits.Settings:
        """A copy of what is stored, for the table to use and to lower."""
        return limits.Settings.from_dict(self.stored.to_dict())

    def id(self) -> str:
        """The short name of what is stored."""
        return settings_id(self.stored.to_dict())

    def proved(self) -> bool:
        """A session was done whole with what is stored (RQ-146)."""
        return self._proved_id == self.id()

    def prove(self, in_use: limits.Settings) -> None:
        """A session was done whole with the settings `in_use`; raises StoreError, OSError."""
        name = settings_id(in_use.to_dict())
        if name == self.id() and name != self._proved_id:
            self._store.save(PROVED, name)
            self._proved_id = name

    def replace(self, values: dict, base: str) -> bool:
        """Check and keep new settings; False when they are the present ones. Used from next start.

        base: `id` of the settings that these were made from. Raises limits.SettingsError,
        StoreError; then all is as it was (RQ-145, RQ-146).
        """
        new = limits.Settings.from_dict(values)
        same = new.to_dict() == self.stored.to_dict()
        if same and self.ok:
            return False  # asked for again, the reply was lost (RQ-128)
        if base != self.id():
            raise limits.SettingsError("they were changed meanwhile; look at them again")
        from inversion_table.contract.setting_steps import problem  # at home alone, and rarely

        found = problem(self.stored.to_dict(), new.to_dict(), self.proved())
        if found:
            raise limits.SettingsError(found)
        for _ in range(SAVES_MOST):
            self._slots.save({VALUES: new.to_dict()})
            newest = self._slots.newest
            if newest is not None and newest[VALUES] == new.to_dict() and not self._slots.damaged:
                break
        self.stored = new
        self.ok = not self._slots.damaged
        return True


def _values(value: dict) -> dict:
    """The settings in a slot; a slot that holds none of the kind is none (limits.SettingsError)."""
    values = value.get(VALUES)
    return values if isinstance(values, dict) else {}
