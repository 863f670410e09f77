"""Cells without their offset: the same numbers where a machine word has 32 bits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from itable.deploy.cells import without_offset
from itable.firmware import package_files, package_folder
from tests.micropython import FIRMWARE, run_on_cpython

VECTORS = Path(__file__).parents[1] / "estimation" / "vectors.py"
REST_VECTORS = VECTORS.with_name("rest_vectors.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole firmware without offsets, as a folder for the path."""
    folder = package_folder()
    assert folder is not None
    place = tmp_path_factory.mktemp("firmware")
    for path, content in without_offset(package_files(folder)):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    return place


@pytest.mark.requirement("RQ-160")
@pytest.mark.parametrize("script", [VECTORS, REST_VECTORS], ids=["tilt", "rest"])
def test_the_estimator_gives_the_same_bits(made: Path, script: Path) -> None:
    """In Python a cell reads negative as it does where a machine word has 32 bits."""
    done = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(made)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == run_on_cpython(script)


@pytest.mark.requirement("RQ-160")
def test_no_offset_is_left_and_modules_without_cells_are_as_they_were(made: Path) -> None:
    changed = []
    for path in sorted((FIRMWARE / "inversion_table").rglob("*.py")):
        name = path.relative_to(FIRMWARE)
        before, after = path.read_text(), (made / name).read_text()
        assert (before != after) == bool(re.search(r"^_?ZERO = ", before, re.MULTILINE)), name
        if before != after:
            changed.append(path.stem)
            assert not re.search(r"[-+] _?ZERO\b", after), name
            assert re.search(r"^_?ZERO = (const\(0\)|0)$", after, re.MULTILINE), name
    assert {"cells", "channel", "rest", "tilt"} <= set(changed)


def test_only_what_is_added_or_taken_off_goes() -> None:
    source = b"_ZERO = const(1 << 29)\ndef f(c):\n    c[1] = 2 * (c[0] - _ZERO) + _ZERO\n"
    source += b"    return c[0] != _ZERO\n"
    ((_, text),) = without_offset([("a.py", source)])
    expected = "_ZERO = const(0)\n\ndef f(c):\n    c[1] = 2 * c[0]\n    return c[0] != _ZERO"
    assert text.decode() == expected


def test_a_module_without_cells_stays_as_it_is() -> None:
    source = b"# a comment\nA = 1\n"
    assert without_offset([("a.py", source)]) == [("a.py", source)]
