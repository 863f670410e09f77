"""Changing values of a plan file; comments, order and spacing stay as they are."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from itable import toml
from itable.errors import InputError
from itable.plans import definitions
from itable.plans.definitions import TableDefinition
from itable.plans.fields import nearest
from itable.plans.toml_lines import key_lines

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_SCHEMA_LINE = re.compile(r"^#:schema .*$", re.MULTILINE)
_SAME_TIME = re.compile(r"^(.*)_(?:s|min)$")


@dataclass(frozen=True)
class Assignment:
    """A key with as much of its path as was said, and the text of its new value."""

    path: tuple[str, ...]
    value: str

    @property
    def key(self) -> str:
        """The key with its path, as it was written."""
        return ".".join(self.path)


def assignments(words: list[str]) -> list[Assignment]:
    """From `key=value` words; raises InputError for a word that is none."""
    found = []
    for word in words:
        key, equals, value = word.partition("=")
        path = tuple(part.strip() for part in key.split("."))
        if not equals or not value.strip() or not all(path):
            raise InputError(
                f"'{word}' is no assignment",
                next_step="write it as tilt_deg=40, or as 'name=\"Monday, the first\"'",
            )
        found.append(Assignment(path, value.strip()))
    return found


def changed(text: str, wanted: list[Assignment]) -> str:
    """The text of a plan with other values; raises InputError for a key that is not one place.

    A key is named by as much of its path as makes it the only one: `tilt_deg`, `return.rest_s`,
    `set.2.static.hold_min` (sets and steps count from 1). A time may change its unit: `hold_s`
    takes the place of a written `hold_min`. A key that has a place but is not written is added.
    """
    for assignment in wanted:
        text = _assigned(text, assignment)
    return text


def with_schema(text: str, schema: FilePath) -> str:
    """The text with its `#:schema` line naming a file of this computer, for its editors."""
    line = f"#:schema {schema.resolve().as_uri()}"
    if _SCHEMA_LINE.search(text):
        return _SCHEMA_LINE.sub(lambda _: line, text, count=1)
    return f"{line}\n{text}"


def keys(text: str) -> list[str]:
    """Every value of a plan, each by the shortest name that is its alone; for completion."""
    toml.loads(text)
    paths = [
        tuple(str(part + 1) if isinstance(part, int) else part for part in path)
        for path in key_lines(text)
        if isinstance(path[-1], str)
    ]
    inner = {path[:length] for path in paths for length in range(1, len(path))}
    leaves = [path for path in paths if path not in inner]
    return [_shortest(path, leaves) for path in leaves]


# --- finding the place -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A table of the document, its path for people, and what may stand in it."""

    path: tuple[str, ...]
    table: Any
    definition: TableDefinition


def _places(document: "TOMLDocument") -> Iterator[_Place]:
    yield _Place((), document, definitions.TOP)
    if isinstance(document.get("return"), dict):
        yield _Place(("return",), document["return"], definitions.RETURN)
    written = document.get("set")
    for number, one in enumerate(written if isinstance(written, list) else [], 1):
        if not isinstance(one, dict):
            continue
        path = ("set", str(number))
        yield _Place(path, one, definitions.SET)
        for mode, definition in definitions.MODES.items():
            if isinstance(one.get(mode), dict):
                yield _Place((*path, mode), one[mode], definition)
        steps = one.get(definitions.STEPS)
        for step_number, step in enumerate(steps if isinstance(steps, list) else [], 1):
            if isinstance(step, dict):
                place = (*path, definitions.STEPS, str(step_number))
                yield _Place(place, step, definitions.STEP)


def _assigned(text: str, assignment: Assignment) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise InputError(
            f"not TOML: {error}", next_step="`itable plan check FILE` says where"
        ) from error
    _assign(document, assignment)
    return tomlkit.dumps(document)


def _assign(document: "TOMLDocument", assignment: Assignment) -> None:
    key = assignment.path[-1]
    places = list(_places(document))
    written = [
        (place, name)
        for place in places
        for name in _units_of(key)
        if name in place.definition.written
        and name in place.table
        and _means(assignment.path, (*place.path, name))
    ]
    top = [(place, name) for place, name in written if not place.path]
    if len(written) > 1 and len(assignment.path) == 1 and top:
        written = top  # "name" alone is the plan's
    if len(written) > 1:
        where = ", ".join(".".join((*place.path, name)) for place, name in written)
        raise InputError(
            f"'{assignment.key}' stands in {len(written)} places",
            where=where,
            next_step="write more of its path, as in "
            + ".".join((*written[0][0].path, key))
            + f"={assignment.value}",
        )
    value = _value(assignment)
    if written:
        place, name = written[0]
        _replace(place.table, name, key, value)
        return
    homes = [
        place
        for place in places
        if key in place.definition.written and _means(assignment.path, (*place.path, key))
    ]
    if len(homes) != 1:
        raise InputError(
            f"there is no place for '{assignment.key}' in this plan"
            if not homes
            else f"'{assignment.key}' could go to {len(homes)} places",
            where=", ".join(".".join((*place.path, key)) for place in homes)
            or _keys_there(places, key),
            next_step="name a key that the plan has, or its whole path"
            if not homes
            else "write more of its path, as in "
            + ".".join((*homes[0].path, key))
            + f"={assignment.value}",
        )
    _append(homes[0].table, key, value)


def _units_of(key: str) -> tuple[str, ...]:
    """The names that the value of `key` may be written under: hold_s is hold_min in seconds."""
    same = _SAME_TIME.match(key)
    return (key,) if same is None else (f"{same[1]}_s", f"{same[1]}_min")


def _means(said: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether `said` names `path`: the same key, before it some of the path in its order.

    A number stays with the name before it: set.1 is the first set, not the first step of another.
    """
    whole = iter(_numbered(path[:-1]))
    return all(
        any(part in (name, name.partition(".")[0]) for name in whole)
        for part in _numbered(said[:-1])
    )


def _numbered(path: tuple[str, ...]) -> list[str]:
    """("set", "1", "static") as ["set.1", "static"]."""
    parts: list[str] = []
    for part in path:
        if part.isdigit() and parts:
            parts[-1] += "." + part
        else:
            parts.append(part)
    return parts


def _keys_there(places: list[_Place], key: str) -> str:
    known = tuple(dict.fromkeys(name for place in places for name in place.definition.written))
    guess = nearest(key, known)
    return (f"did you mean '{guess}'? " if guess else "") + "keys here: " + ", ".join(known)


def _shortest(path: tuple[str, ...], leaves: list[tuple[str, ...]]) -> str:
    """The shortest name that only `path` is found by."""
    key = path[-1]
    names: list[tuple[str, ...]] = [(key,)]
    names += [(part, key) for part in reversed(path[:-1])]
    names += [path[begin:] for begin in range(len(path) - 1, -1, -1)]
    for name in names:
        if sum(leaf[-1] in _units_of(key) and _means(name, leaf) for leaf in leaves) == 1:
            return ".".join(name)
    return ".".join(path)


# --- values ----------------------------------------------------------------------------------


def _value(assignment: Assignment) -> object:
    """The value as TOML reads it; a bare word is a text, so that name=Monday needs no quotes."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        tomllib.loads(f"value = {assignment.value}\n", parse_float=Decimal)
        return tomlkit.parse(f"value = {assignment.value}\n")["value"]
    except (tomllib.TOMLDecodeError, TOMLKitError):
        return tomlkit.string(assignment.value)


def _replace(table: Any, name: str, key: str, value: object) -> None:
    """Put `value` under `key` where `name` stands, with the comment behind it."""
    import tomlkit

    item = tomlkit.item(value)
    if name == key:
        table[key] = item
        return
    _container(table)._replace(name, key, item)  # the one way in tomlkit that keeps the place


def _append(table: Any, key: str, value: object) -> None:
    """Add `key` behind the last value of the table, before comments that end it."""
    import tomlkit

    last = [name for name, there in table.items() if not isinstance(there, dict | list)]
    if last and not isinstance(table, tomlkit.items.InlineTable):
        _container(table)._insert_after(last[-1], key, tomlkit.item(value))
    else:
        table[key] = value


def _container(table: Any) -> Any:
    """What holds the values of a document or of a table in it."""
    from tomlkit.container import Container

    return table if isinstance(table, Container) else table.value
