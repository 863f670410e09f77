"""The JSON Schema of plan files, made of the definitions that the reader checks by.

It is for editors: it knows keys, types and the bounds of single numbers. What only the whole plan
shows (head-down time, the direction of a stair, how fine a number is) `itable plan check` says.
"""

import json
from pathlib import Path

from inversion_table.safety import limits
from itable.plans import definitions
from itable.plans.definitions import Key, TableDefinition

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that taplo, which completes TOML in editors, reads whole."""
FILE = Path(__file__).with_name("plan.schema.json")
"""The schema as the package carries it, for the `#:schema` line of plan files."""

Schema = dict[str, object]


def build() -> Schema:
    """The schema as JSON can say it."""
    schema = _table(definitions.TOP)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    properties["return"] = _table(definitions.RETURN)
    properties["set"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": limits.MAX_SETS,
        "description": definitions.SET.help,
        "items": _set(),
    }
    required = schema["required"]
    assert isinstance(required, list)
    required.append("set")
    return {"$schema": DRAFT, "title": "Inversion table plan", **schema}


def text() -> str:
    """The schema as its file has it."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def _set() -> Schema:
    schema = _table(definitions.SET)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    properties[definitions.STEPS] = {
        "type": "array",
        "minItems": 1,
        "maxItems": limits.MAX_STEPS,
        "description": definitions.STEP.help,
        "items": _table(definitions.STEP),
    }
    for mode, definition in definitions.MODES.items():
        properties[mode] = _table(definition)
    kinds = (definitions.STEPS, *definitions.MODES)
    schema["oneOf"] = [{"required": [kind]} for kind in kinds]
    schema["dependencies"] = {"times": [definitions.STEPS]}
    return schema


def _table(definition: TableDefinition) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    choices: list[Schema] = []
    for key in definition.keys:
        for name in key.written:
            properties[name] = _value(key, name)
        if len(key.written) == 1 and key.required:
            required.append(key.name)
        elif len(key.written) > 1:
            choices.append(_either(key))
    schema: Schema = {
        "type": "object",
        "description": definition.help,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if choices:
        schema["allOf"] = choices
    if definition.together:
        schema["dependencies"] = _together(definition)
    return schema


def _either(key: Key) -> Schema:
    """One of the names of a time; both are never right, and none only when it is not required."""
    one = [{"required": [name]} for name in key.written]
    if key.required:
        return {"oneOf": one}
    return {"not": {"required": list(key.written)}}


def _together(definition: TableDefinition) -> Schema:
    parts = [key for key in definition.keys if key.name in definition.together]
    found: Schema = {}
    for key in parts:
        others = [
            {"anyOf": [{"required": [name]} for name in other.written]}
            for other in parts
            if other is not key
        ]
        for name in key.written:
            found[name] = {"allOf": others}
    return found


def _value(key: Key, name: str) -> Schema:
    if key.kind == definitions.TEXT:
        text_schema: Schema = {"type": "string", "description": key.help}
        if key.highest:
            text_schema |= {"minLength": key.lowest, "maxLength": key.highest}
        return text_schema
    if key.kind == definitions.TEXTS:
        one: Schema = {"type": "string"}
        return {"description": key.help, "anyOf": [one, {"type": "array", "items": one}]}
    if key.kind == definitions.WHOLE and key.lowest == key.highest:
        return {"description": key.help, "const": key.lowest}
    unit = {definitions.WHOLE: 1, definitions.THOUSANDTHS: 1_000}.get(key.kind)
    help_text = key.help
    if unit is None:
        unit, word = (60_000, "Minutes") if name.endswith("_min") else (1_000, "Seconds")
        help_text += f" {word}."
    schema: Schema = {
        "type": "integer" if key.kind == definitions.WHOLE else "number",
        "description": help_text,
        "minimum": _number(key.lowest, unit),
        "maximum": _number(key.highest, unit),
    }
    if key.default is not None:
        schema["default"] = _number(key.default, unit)
    return schema


def _number(value: int, unit: int) -> int | float:
    return value // unit if value % unit == 0 else value / unit
