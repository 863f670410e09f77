"""What a plan is made of: its wire form, canonical bytes and id."""

import copy
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract import frame
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session.plan import Plan, PlanError, Step, StepSet, from_wire
from tests.session.plans import PLANS, make

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from([-1, 0, 1, 0xFFFF, 0x10000, 2**31 - 1, 2**31, -(2**31), 2**64]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
GOOD = {
    "format": 1,
    "name": "n",
    "return_rate_mdeg_per_s": 2000,
    "rest_ms": 60000,
    "sets": [
        {"times": 2, "line": 3, "steps": [[60000, 3000, 180000, 4], [0, 3000, 5000, 5]]},
        {"times": 1, "line": 7, "steps": [[-20000, 1000, 0, 8]]},
    ],
}


def places(value: object, path: tuple = ()) -> list[tuple]:
    found = [path]
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*path, key))
    elif isinstance(value, list):
        for at in range(len(value)):
            found += places(value[at], (*path, at))
    return found


def replaced(value: object, path: tuple, new: object) -> object:
    if not path:
        return new
    result = copy.deepcopy(value)
    inner = result
    for key in path[:-1]:
        inner = inner[key]  # type: ignore[index]
    inner[path[-1]] = new  # type: ignore[index]
    return result


def read(value: object) -> Plan | None:
    """The plan, or None when it was refused in the one way that is allowed."""
    problems: list = []
    try:
        plan = from_wire(value)
    except PlanError as error:
        problems = error.problems
    if problems:
        assert all(problem.text and problem.line >= 0 for problem in problems)
        return None
    # What was let in can be hashed, checked and sent without another error.
    assert len(plan.plan_id()) == 16
    plans.check(plan, limits.Settings())
    frame.encode(plan.to_wire())
    return plan


@given(PLANS)
def test_to_wire_and_back(plan: Plan) -> None:
    wire = frame.decode(frame.encode(plan.to_wire()))
    again = from_wire(wire)
    assert again.canonical() == plan.canonical()
    assert again.to_wire() == plan.to_wire()


@given(JSON)
def test_anything_is_a_plan_or_a_plan_error(value: object) -> None:
    read(value)


@given(st.sampled_from(places(GOOD)), JSON)
def test_any_part_replaced_by_anything(path: tuple, new: object) -> None:
    plan = read(replaced(GOOD, path, new))
    if plan is None:
        return
    for number in (
        plan.return_rate_mdeg_per_s,
        plan.rest_ms,
        *[step.tilt_mdeg for written in plan.sets for step in written.steps],
    ):
        assert type(number) is int


@pytest.mark.parametrize(
    "new", [None, True, 1.0, "1", -1, [], {}, [1], 2**31, -(2**31), float("nan")], ids=repr
)
@pytest.mark.parametrize("path", places(GOOD), ids=str)
def test_each_number_and_each_list_in_the_wrong_kind(path: tuple, new: object) -> None:
    optional = path[-1:] == ("line",)
    changed = replaced(GOOD, path, new)
    if path == ("sets",) and new == []:
        assert read(changed) is not None  # the form is right; check says that nothing is in it
    elif path[-1:] == ("steps",) and new == []:
        assert read(changed) is not None
    elif new == -1 and _may_be_negative(path):
        assert read(changed) is not None
    elif path == ("name",) and new == "1":
        assert read(changed) is not None
    else:
        assert read(changed) is None, (path, optional)


def _may_be_negative(path: tuple) -> bool:
    in_step = len(path) == 5 and path[-1] in (0, 1, 2)
    return in_step or path in (("return_rate_mdeg_per_s",), ("rest_ms",))


@pytest.mark.parametrize("key", list(GOOD))
def test_each_missing_key(key: str) -> None:
    assert read({name: value for name, value in GOOD.items() if name != key}) is None


def test_keys_of_a_set() -> None:
    first = GOOD["sets"][0]  # type: ignore[index]
    for key in ("times", "steps"):
        rest = {name: value for name, value in first.items() if name != key}
        assert read({**GOOD, "sets": [rest]}) is None
    without_line = {name: value for name, value in first.items() if name != "line"}
    assert read({**GOOD, "sets": [without_line]}) is not None


@pytest.mark.parametrize("length", [0, 1, 3, 5, 200])
def test_a_step_has_four_numbers(length: int) -> None:
    assert read({**GOOD, "sets": [{"times": 1, "steps": [[1] * length]}]}) is None


def test_formats_other_than_ours_are_refused() -> None:
    for other in (0, 2, True, 1.0, "1", None, [1]):
        assert read({**GOOD, "format": other}) is None


def test_a_name_that_utf8_cannot_hold_is_refused() -> None:
    assert read({**GOOD, "name": "\ud800"}) is None
    assert read({**GOOD, "name": "\ud83d\ude00"}) is None  # an emoji in two halves


def test_names_are_counted_in_bytes() -> None:
    assert read({**GOOD, "name": "a" * 255}) is not None
    assert read({**GOOD, "name": "a" * 256}) is None
    assert read({**GOOD, "name": "é" * 127}) is not None
    assert read({**GOOD, "name": "é" * 128}) is None


def test_sets_and_steps_at_and_past_their_number() -> None:
    step = [0, 1000, 0, 1]
    one = {"times": 1, "steps": [step]}
    assert read({**GOOD, "sets": [one] * limits.MAX_SETS}) is not None
    assert read({**GOOD, "sets": [one] * (limits.MAX_SETS + 1)}) is None
    full = {"times": 1, "line": 3, "steps": [step] * limits.MAX_STEPS}
    assert read({**GOOD, "sets": [full]}) is not None
    assert read({**GOOD, "sets": [{"times": 1, "steps": [step] * (limits.MAX_STEPS + 1)}]}) is None
    with pytest.raises(PlanError) as caught:
        from_wire({**GOOD, "sets": [full, {"times": 1, "line": 99, "steps": [step]}]})
    assert [(p.code, p.line) for p in caught.value.problems] == [(plans.TOO_MANY_STEPS, 99)]


def test_numbers_at_the_edge_of_what_the_bytes_hold() -> None:
    edge = 2**31 - 1
    plan = read(
        {**GOOD, "rest_ms": edge, "sets": [{"times": 0xFFFF, "steps": [[-edge, edge, edge, 0]]}]}
    )
    assert plan is not None
    assert plan.sets[0].steps[0].tilt_mdeg == -edge
    assert read({**GOOD, "sets": [{"times": 0x10000, "steps": []}]}) is None


def test_a_known_plan_has_the_bytes_and_the_id_that_were_written_down_once() -> None:
    # By hand: format 1, 3 bytes "Kim", 2000 = 0x7d0, 60000 = 0xea60, 1 set: 3 times 2 steps:
    # 60000 mdeg at 3000 = 0xbb8 for 180000 = 0x2bf20 ms; 0 mdeg at 3000 for 60000 ms.
    plan = Plan(
        "Kim", [StepSet(3, [Step(60000, 3000, 180000, 7), Step(0, 3000, 60000, 9)], 5)], 2000, 60000
    )
    expected = bytes.fromhex(
        "01 03 4b696d d0070000 60ea0000 0100"
        "0300 0200"
        "60ea0000 b80b0000 20bf0200"
        "00000000 b80b0000 60ea0000"
    )
    assert plan.canonical() == expected
    assert plan.plan_id() == hashlib.sha256(expected).hexdigest()[:16] == KNOWN_ID


KNOWN_ID = "95e75353d39b7793"


@given(PLANS)
def test_lines_do_not_influence_the_id(plan: Plan) -> None:
    before = plan.plan_id()
    for step_set in plan.sets:
        step_set.line += 7
        for step in step_set.steps:
            step.line = 0
    assert plan.plan_id() == before


def test_everything_else_influences_the_id() -> None:
    ids = {make((1000, 1000, 1000)).plan_id()}
    for other in (
        make((1001, 1000, 1000)),
        make((1000, 1001, 1000)),
        make((1000, 1000, 1001)),
        make((1000, 1000, 1000), times=2),
        make((1000, 1000, 1000), name="Test"),
        make((1000, 1000, 1000), return_rate_mdeg_per_s=2001),
        make((1000, 1000, 1000), rest_ms=10001),
        make((1000, 1000, 1000), (1000, 1000, 1000)),
        make(),
    ):
        ids.add(other.plan_id())
    assert len(ids) == 10


def test_steps_moved_from_set_to_set_give_another_id() -> None:
    step = Step(0, 1000, 0)
    one = Plan("n", [StepSet(1, [step, step]), StepSet(1, [step])], 1000, 0)
    other = Plan("n", [StepSet(1, [step]), StepSet(1, [step, step])], 1000, 0)
    assert one.plan_id() != other.plan_id()
