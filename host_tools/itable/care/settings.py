"""The table's settings as people name and write them: names, units, meanings, values."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from inversion_table.contract import setting_steps
from inversion_table.safety import limits
from itable.errors import InputError


@dataclass(frozen=True)
class Setting:
    """One setting: the device's name and unit, and those that people use."""

    key: str
    name: str
    unit: str
    per_unit: int
    """So many of the device's units are one of people's."""
    meaning: str

    def shown(self, value: int) -> str:
        """A value with its unit, as in "60 deg"."""
        return f"{self.number(value)} {self.unit}"

    def number(self, value: int) -> str:
        """A value in people's unit: as many decimals as it has."""
        text = f"{Decimal(value) / self.per_unit:.3f}"
        return text.rstrip("0").rstrip(".")

    @property
    def lowest(self) -> int:
        """The lowest that any table takes."""
        return int(limits.SETTINGS[self.key][0])

    @property
    def highest(self) -> int:
        """The highest that any table takes."""
        return int(limits.SETTINGS[self.key][1])

    @property
    def workshop(self) -> int:
        """What every table comes with."""
        return int(limits.SETTINGS[self.key][2])

    @property
    def hazard(self) -> str:
        """The hazard that its bounds answer (docs/hazards.md)."""
        return str(limits.SETTINGS[self.key][3])


SETTINGS = (
    Setting("tilt_max_mdeg", "tilt_max", "deg", 1000, "furthest head-down"),
    Setting("rate_max_mdeg_per_s", "rate_max", "deg/s", 1000, "fastest of any motion"),
    Setting("acceleration_mdeg_per_s2", "acceleration", "deg/s2", 1000, "briskness of motion"),
    Setting("head_down_max_ms", "head_down_max", "min", 60_000, "head-down in one go"),
    Setting("session_max_ms", "session_max", "min", 60_000, "from START to home"),
    Setting("return_rate_mdeg_per_s", "return_rate", "deg/s", 1000, "home without a plan"),
    Setting("rest_ms", "rest", "s", 1000, "rest without a plan"),
    Setting("jog_rate_mdeg_per_s", "jog_rate", "deg/s", 1000, "while jogging"),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
_BY_KEY = {setting.key: setting for setting in SETTINGS}
_UNITS = {
    "deg": {"deg": 1000, "°": 1000, "mdeg": 1},
    "deg/s": {"deg/s": 1000, "°/s": 1000, "mdeg/s": 1},
    "deg/s2": {"deg/s2": 1000, "deg/s²": 1000, "°/s²": 1000, "°/s2": 1000},
    "time": {"ms": 1, "s": 1000, "min": 60_000},
}
_VALUE = re.compile(r"\s*([+-]?[0-9]*[.,]?[0-9]*)\s*(.*?)\s*")


def wanted(words: list[str]) -> dict[str, int]:
    """Device names and values of `NAME VALUE ...` or `NAME=VALUE ...`; raises InputError."""
    pairs: list[tuple[str, str]] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if not equals:
            if not left:
                raise InputError(
                    f"'{word}' has no value",
                    next_step=f"write the value behind it, as in `itable settings set {word} 45`",
                )
            value = left.pop(0)
        pairs.append((name.strip(), value))
    found: dict[str, int] = {}
    for name, text in pairs:
        setting = named(name)
        if setting.key in found:
            raise InputError(f"'{setting.name}' is given twice", next_step="give it once")
        found[setting.key] = value_of(setting, text)
    return found


def named(name: str) -> Setting:
    """The setting of that name; raises InputError, which names the nearest."""
    plain = name.replace("-", "_").replace(" ", "_").lower()
    setting = BY_NAME.get(plain) or _BY_KEY.get(plain)
    if setting is None:
        near = difflib.get_close_matches(plain, BY_NAME, 1, 0.5)
        raise InputError(
            f"there is no setting '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""),
            next_step="settings: " + ", ".join(BY_NAME),
        )
    return setting


def value_of(setting: Setting, text: str) -> int:
    """A value in the device's unit, as in "45", "45deg", "90 s"; raises InputError."""
    example = f"write it as {setting.name}={setting.number(setting.workshop)}"
    match = _VALUE.fullmatch(text)
    try:
        number = Decimal(match.group(1).replace(",", ".")) if match else None
    except InvalidOperation:
        number = None
    if number is None or match is None:
        raise InputError(f"{setting.name}: '{text}' is no number", next_step=example)
    units = _UNITS["time" if setting.unit in ("s", "min") else setting.unit]
    per_unit = units.get(match.group(2).lower()) if match.group(2) else setting.per_unit
    if per_unit is None:
        raise InputError(
            f"{setting.name}: '{match.group(2)}' is not its unit",
            next_step=f"it is in {setting.unit}: {example}",
        )
    value = number * per_unit
    if value != int(value):
        raise InputError(
            f"{setting.name}: {text} is finer than the table counts",
            next_step=f"give at most {len(str(setting.per_unit)) - 1} decimals",
        )
    if not setting.lowest <= value <= setting.highest:
        raise InputError(
            f"{setting.name}: {setting.shown(int(value))} is outside"
            f" {setting.number(setting.lowest)} to {setting.shown(setting.highest)},"
            f" which no table takes ({setting.hazard})",
            next_step="choose a value between them",
        )
    return int(value)


def check_steps(present: Mapping[str, int], new: Mapping[str, int], proved: bool) -> None:
    """Raise InputError for a change that the table would refuse, in people's units."""
    if not setting_steps.problem(dict(present), dict(new), proved):
        return
    further = bolder(present, new)
    if len(further) > 1:
        names = " and ".join(setting.name for setting in further)
        raise InputError(
            f"{names} would go beyond what the table came with, at once",
            next_step="change one, do a session, then the next: so it is known what was tried",
        )
    setting = further[0]
    before, after = present[setting.key], new[setting.key]
    most = setting_steps.furthest(setting.key, before, proved)
    if most != before:
        raise InputError(
            f"{setting.name}: {setting.shown(after)} is too far at once; from"
            f" {setting.shown(before)} it may go to {setting.shown(most)}",
            next_step=f"`itable settings set {setting.name}={setting.number(most)}`"
            + ("" if most == setting.workshop and not proved else ", then a session, then on"),
        )
    raise InputError(
        f"{setting.name}: nobody has done a whole session yet with the table as it is set"
        f" ({setting.shown(before)})",
        next_step="run a plan to its end, which also may be done with nobody on the table; then"
        f" {setting.shown(setting_steps.furthest(setting.key, before, True))} is allowed",
    )


def bolder(present: Mapping[str, int], new: Mapping[str, int]) -> list[Setting]:
    """Settings that go beyond what the table came with, and further than they are."""
    return [
        setting
        for setting in SETTINGS
        if setting_steps.beyond_workshop(setting.key, new[setting.key])
        and setting_steps.boldness(setting.key, new[setting.key])
        > setting_steps.boldness(setting.key, present[setting.key])
    ]


def changes(present: Mapping[str, int], new: Mapping[str, int]) -> list[str]:
    """What is different, in words: "tilt_max 60 deg → 45 deg"."""
    return [
        f"{setting.name} {setting.shown(present[setting.key])} → {setting.shown(new[setting.key])}"
        for setting in SETTINGS
        if present[setting.key] != new[setting.key]
    ]
