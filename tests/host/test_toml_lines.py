"""The scanner finds every key of a TOML document in the line where it is written."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itable.plans.toml_lines import key_lines

NASTY = '''\
# [not.a.table]
title = "a # b = c" # [[no]]
"quoted key" = 'C:\\new'
many = """
fake = 1
[fake]
\\"""" # closed here
literal = \'\'\'
[[fake]] = "
\'\'\'\'\'
a.b . "c.d" = 1
list = [ # open
  1, [2,
  3], { x = 1, y = [ "]", '}' ] }, # end
  "]" ]
when = 1979-05-27 07:32:00
[ "table one" . two ]
k=1
\t[[set]]
times\t=\t3
[[ set . step ]]
tilt_deg = -1.5e1
[[set.step]]
hold_s = 1

[set.more]
x = {}
[[set]]
step = [{tilt_deg=1,hold_s=2},
        {tilt_deg=2}]
last = []'''

WANTED = {
    ("title",): 2,
    ("quoted key",): 3,
    ("many",): 4,
    ("literal",): 8,
    ("a",): 11,
    ("a", "b"): 11,
    ("a", "b", "c.d"): 11,
    ("list",): 12,
    ("list", 0): 13,
    ("list", 1): 13,
    ("list", 1, 0): 13,
    ("list", 1, 1): 14,
    ("list", 2): 14,
    ("list", 2, "x"): 14,
    ("list", 2, "y"): 14,
    ("list", 2, "y", 0): 14,
    ("list", 2, "y", 1): 14,
    ("list", 3): 15,
    ("when",): 16,
    ("table one",): 17,
    ("table one", "two"): 17,
    ("table one", "two", "k"): 18,
    ("set",): 19,
    ("set", 0): 19,
    ("set", 0, "times"): 20,
    ("set", 0, "step"): 21,
    ("set", 0, "step", 0): 21,
    ("set", 0, "step", 0, "tilt_deg"): 22,
    ("set", 0, "step", 1): 23,
    ("set", 0, "step", 1, "hold_s"): 24,
    ("set", 0, "more"): 26,
    ("set", 0, "more", "x"): 27,
    ("set", 1): 28,
    ("set", 1, "step"): 29,
    ("set", 1, "step", 0): 29,
    ("set", 1, "step", 0, "tilt_deg"): 29,
    ("set", 1, "step", 0, "hold_s"): 29,
    ("set", 1, "step", 1): 30,
    ("set", 1, "step", 1, "tilt_deg"): 30,
    ("set", 1, "last"): 31,
}


def paths(value, path=()):
    """Every path that there is in a parsed document."""
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, inner in entries:
            yield from (
                paths(inner, (*path, key)) if isinstance(inner, dict | list) else [(*path, key)]
            )


def test_a_document_with_everything_that_misleads():
    tomllib.loads(NASTY)
    assert key_lines(NASTY) == WANTED


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a=1", "a=1\n"])
def test_small_documents(text):
    assert key_lines(text) == ({("a",): 1} if "a=" in text else {})


BARE = st.sampled_from(["a", "b-1", "tilt_deg", "x_y", "7"])
QUOTED = st.sampled_from(['"a b"', "'c]d'", '"e\\u0041\\"#"', '"="'])
SPACE = st.sampled_from(["", " ", "\t", "  "])
COMMENT = st.sampled_from(["", " # x = 1", " #]", ' # """'])
BREAK = st.sampled_from(["", "\n", " # [\n", "\n\n "])
SCALAR = st.sampled_from(
    [
        *["1", "-2.50", "true", "1e3", "inf", "1979-05-27 07:32:00"],
        *['"# no"', "'['", '""', "''", '"\\\\"', '"a, b]"'],
        *['"""\nq = 1\n"""', "'''\n[t]\n'''", '"""a\\"""b"""', '""""""', '""" "" """""'],
    ]
)


@st.composite
def value(draw, depth=2):
    if depth and draw(st.booleans()):
        if draw(st.booleans()):
            entries = draw(st.lists(value(depth=depth - 1), max_size=3))
            body = ("," + draw(BREAK)).join(entries) + (draw(BREAK) if entries else "")
            return "[" + draw(BREAK) + body + "]"
        pairs = draw(st.lists(value(depth=0), max_size=2))
        return "{" + ", ".join(f"k{i}{draw(SPACE)}={one}" for i, one in enumerate(pairs)) + "}"
    return draw(SCALAR)


@st.composite
def documents(draw):
    """A valid document, with the line of each of its plain keys as it was written."""
    lines: list[str] = []
    wanted: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}

    def pairs(path):
        for number in range(draw(st.integers(0, 3))):
            key = f"{draw(BARE)}{number}"
            shown = key if draw(st.booleans()) else f'"{key}"'
            wanted[(*path, key)] = sum(line.count("\n") + 1 for line in lines) + 1
            lines.append(f"{draw(SPACE)}{shown}{draw(SPACE)}= {draw(value())}{draw(COMMENT)}")
            if draw(st.booleans()):
                lines.append(draw(st.sampled_from(["", "   ", "# [x]", "#"])))

    pairs(())
    for number in range(draw(st.integers(0, 4))):
        line = sum(entry.count("\n") + 1 for entry in lines) + 1
        if draw(st.booleans()):
            counts["set"] = counts.get("set", 0) + 1
            path = ("set", counts["set"] - 1)
            lines.append(f"[[{draw(SPACE)}set{draw(SPACE)}]]{draw(COMMENT)}")
        else:
            name = draw(QUOTED)
            path = (f"table{number}", tomllib.loads(f"k={name}")["k"])
            lines.append(f"[table{number}{draw(SPACE)}.{draw(SPACE)}{name}]{draw(COMMENT)}")
        wanted[path] = line
        pairs(path)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"])), wanted


@settings(max_examples=300, derandomize=True, deadline=None)
@given(documents())
def test_every_key_has_the_line_that_it_was_written_in(document):
    text, wanted = document
    found = key_lines(text)
    assert {path: found.get(path) for path in wanted} == wanted
    # No key is left out, and none is made up.
    assert set(found) == set(paths(tomllib.loads(text)))
