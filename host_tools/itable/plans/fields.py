"""Reading the keys of one table of a plan file; what is wrong is collected, never raised."""

import difflib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from itable.plans import definitions, findings
from itable.plans.definitions import Key, TableDefinition
from itable.plans.findings import Finding
from itable.plans.toml_lines import Path

_MOST_DIGITS = 9
"""No quantity of a plan needs more, before or behind the point."""


class Table:
    """One table of a plan file: typed access to its keys, problems into `found`."""

    def __init__(
        self,
        values: Mapping[str, object],
        path: Path,
        lines: Mapping[Path, int],
        found: list[Finding],
    ) -> None:
        self._values = values
        self._path = path
        self._lines = lines
        self._found = found

    @property
    def line(self) -> int:
        """Where the table begins (0: the document itself)."""
        return self._lines.get(self._path, 0)

    def line_of(self, *keys: str) -> int:
        """The line of the first of `keys` that is written, else of the table."""
        for key in keys:
            if key in self._values:
                return self._lines.get((*self._path, key), self.line)
        return self.line

    def report(self, key: str, kind: str, text: str, allowed: str) -> None:
        """Add a problem with `key` of this table."""
        self._found.append(Finding(self.line_of(key), self._name(key), kind, text, allowed))

    def read(
        self, definition: TableDefinition, tables: tuple[str, ...] = ()
    ) -> dict[str, int | None]:
        """The numbers of a table by key, with defaults; keys that are no part of it are reported.

        `tables` are the names of the tables below it, which are read elsewhere, as texts are.
        """
        self.refuse_unknown((*definition.written, *tables), definitions.places(but=definition))
        values = {}
        for key in definition.keys:
            if key.required:
                self.require(*key.written)
            value = self._number(key)
            values[key.name] = key.default if value is None else value
        self._check_together(definition)
        return values

    def _number(self, key: Key) -> int | None:
        """The value of a key in its whole unit; None when absent, wrong, or no number at all."""
        if key.kind == definitions.THOUSANDTHS:
            return self.scaled(key.name, 1000)
        if key.kind == definitions.DURATION:
            return self.duration_ms(key.name)
        if key.kind != definitions.WHOLE:
            return None
        value = self.whole(key.name)
        if value is not None and key.bounded_here and not key.lowest <= value <= key.highest:
            self.report(
                key.name,
                findings.OUT_OF_RANGE,
                f"{key.name} {value} is outside {key.lowest} to {key.highest}",
                f"{key.name} from {key.lowest} to {key.highest}",
            )
            return None
        return value

    def _check_together(self, definition: TableDefinition) -> None:
        """Report it when only some of the keys are written that make sense only together."""
        parts = [key for key in definition.keys if key.name in definition.together]
        missing = [key for key in parts if not self.has(*key.written)]
        if len(missing) == len(parts):
            return
        for key in missing:
            there = next(name for part in parts for name in part.written if self.has(name))
            self.report(
                there,
                findings.MISSING_KEY,
                f"{there} is written without {' or '.join(key.written)}",
                f"both, or neither: write {key.written[0]} = ..., or delete {there}",
            )

    def refuse_unknown(self, known: tuple[str, ...], places: Mapping[str, str]) -> None:
        """Report every key that is not in `known`; `places` says where misplaced ones belong."""
        for key in self._values:
            if key in known:
                continue
            if key in places:
                text = f"'{key}' has no place here: {places[key]}"
            else:
                guess = nearest(key, known)
                text = f"unknown key '{key}'" + (f"; did you mean '{guess}'?" if guess else "")
            self.report(key, findings.UNKNOWN_KEY, text, "keys here: " + ", ".join(known))

    def text(self, key: str) -> str | None:
        """A text, or None when the key is absent or is something else."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value
        self._wrong_type(key, value, "a text in quotes")
        return None

    def texts(self, key: str) -> list[str]:
        """A list of texts; one text alone counts as a list of one."""
        value = self._values.get(key, [])
        if isinstance(value, str):
            return [value]
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return list(value)
        self._wrong_type(key, value, "a list of texts in quotes")
        return []

    def whole(self, key: str) -> int | None:
        """A whole number, or None."""
        value = self._values.get(key)
        if value is None or type(value) is int:
            return value
        self._wrong_type(key, value, "a whole number")
        return None

    def scaled(self, key: str, factor: int) -> int | None:
        """A number with decimals times `factor`; None when absent or not whole after that."""
        value = self._values.get(key)
        if value is None:
            return None
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            self._wrong_type(key, value, "a number")
            return None
        # Judged by its size alone first: 1e999999999 is a short text and a huge number.
        if value and value.adjusted() > _MOST_DIGITS:
            self.report(
                key,
                findings.OUT_OF_RANGE,
                f"{key} is far too large",
                "a number of everyday size",
            )
            return None
        scaled = None if value and value.adjusted() < -_MOST_DIGITS else Fraction(value) * factor
        if scaled is None or scaled.denominator != 1:
            step = f"{Decimal(1) / factor:f}" if factor == 1000 else f"1/{factor}"
            self.report(
                key,
                findings.TOO_FINE,
                f"{key} = {value} is finer than the table can do",
                f"multiples of {step}",
            )
            return None
        return int(scaled)

    def duration_ms(self, stem: str) -> int | None:
        """A time written as `<stem>_s` or `<stem>_min`, in ms; None when absent or wrong."""
        in_seconds, in_minutes = stem + "_s", stem + "_min"
        if in_seconds in self._values and in_minutes in self._values:
            later = max(in_seconds, in_minutes, key=self.line_of)
            self.report(
                later,
                findings.TWO_UNITS,
                f"both {in_seconds} and {in_minutes} are given",
                f"one of them: delete the line with {later}, or the other",
            )
        seconds_ms = self.scaled(in_seconds, 1000)
        minutes_ms = self.scaled(in_minutes, 60_000)
        return seconds_ms if seconds_ms is not None else minutes_ms

    def has(self, *keys: str) -> bool:
        """True when one of `keys` is written, whatever its value."""
        return any(key in self._values for key in keys)

    def require(self, *keys: str) -> None:
        """Report it when none of `keys` is written."""
        if not self.has(*keys):
            either = " or ".join(keys)
            self._found.append(
                Finding(
                    self.line,
                    self._name(keys[0]),
                    findings.MISSING_KEY,
                    f"{either} is missing",
                    f"write {keys[0]} = ...",
                )
            )

    def table(self, key: str) -> "Table | None":
        """The table under `key`; None when absent or something else."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(value, (*self._path, key), self._lines, self._found)
        self._wrong_type(key, value, f"a table: a line [{self._name(key)}], its keys below")
        return None

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of the array of tables under `key`."""
        value = self._values.get(key, [])
        header = f"[[{self._name(key)}]]"
        if not isinstance(value, list):
            self._wrong_type(key, value, f"a list of tables: {header} with two pairs of brackets")
            return
        for number, entry in enumerate(value):
            path = (*self._path, key, number)
            if isinstance(entry, dict):
                yield Table(entry, path, self._lines, self._found)
            else:
                self._found.append(
                    Finding(
                        self._lines.get(path, self.line),
                        self._name(key),
                        findings.WRONG_TYPE,
                        f"an entry of {key} is {describe(entry)}",
                        f"tables: {header} with keys below",
                    )
                )

    def _name(self, key: str) -> str:
        return ".".join([part for part in self._path if isinstance(part, str)] + [key])

    def _wrong_type(self, key: str, value: object, wanted: str) -> None:
        self.report(key, findings.WRONG_TYPE, f"{key} is {describe(value)}", wanted)


def describe(value: object) -> str:
    """A TOML value in words, as an error message names it."""
    if isinstance(value, str):
        shown = value if len(value) <= 24 else value[:21] + "..."
        return f'the text "{shown}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return f"the date or time {value}"


def nearest(key: str, known: tuple[str, ...]) -> str:
    """The known key that `key` was probably meant to be; "" when none is near."""
    lowered = key.lower()
    stem = lowered.split("_")[0]
    for name in known:
        if len(stem) >= 3 and name.split("_")[0] == stem:
            return name
    near = difflib.get_close_matches(lowered, known, n=1, cutoff=0.6)
    return near[0] if near else ""
