"""Thousands of bad lines through the server, on real MicroPython as well."""

from pathlib import Path

import pytest

from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).with_name("fuzz_server.py")


@pytest.mark.parametrize("run", [run_on_cpython, run_on_micropython])
def test_bad_lines_never_raise_and_always_get_one_reply(run) -> None:
    said = run(SCRIPT, "6000", path=(SCRIPT.parent, SCRIPT.parents[1]))
    assert said[0] == "every line answered: True good: True"
    assert said[1:] == ["damage, no request, no method, parameters, plan: True True True True True"]
