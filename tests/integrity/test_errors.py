"""What is kept of a mistake in the program: a count, and the end of its traceback."""

import sys
import traceback

import pytest

from inversion_table.contract.messages import ERROR_MOST
from inversion_table.integrity.errors import Errors


def failed(error: BaseException) -> BaseException:
    """The error as it is after it was raised somewhere."""
    try:
        raise error
    except (KeyError, ValueError) as raised:
        return raised


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> Errors:
    """With MicroPython's own way to write a traceback."""

    def print_exception(error: BaseException, file) -> None:
        traceback.print_exception(error, file=file)

    monkeypatch.setattr(sys, "print_exception", print_exception, raising=False)
    return Errors()


@pytest.mark.requirement("RQ-165")
def test_they_are_counted_and_the_last_is_kept(errors: Errors) -> None:
    assert (errors.count, errors.text) == (0, "")
    errors.note(failed(KeyError("first")))
    errors.note(failed(ValueError("second")))
    assert errors.count == 2
    assert errors.text.startswith("Traceback")
    assert "in failed" in errors.text
    assert errors.text.endswith("ValueError: second")


@pytest.mark.requirement("RQ-165")
def test_of_a_long_one_the_end_is_kept(errors: Errors) -> None:
    errors.note(failed(ValueError("x" * 5_000 + " end")))
    assert len(errors.text) == ERROR_MOST
    assert errors.text.endswith("x end")


@pytest.mark.requirement("RQ-165")
def test_without_memory_it_is_counted_all_the_same(
    errors: Errors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(error: BaseException, file) -> None:
        raise MemoryError

    monkeypatch.setattr(sys, "print_exception", no_room)
    errors.note(failed(ValueError("lost")))
    assert (errors.count, errors.text) == (1, "MemoryError")
