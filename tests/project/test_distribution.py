"""The distribution is whole: what is installed, and what a wheel carries."""

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from inversion_table import VERSION
from tests.project import gates

NAME = "inversion-table-controller"
PACKAGES = {
    "inversion_table": "firmware/inversion_table",
    "itable": "host_tools/itable",
    "table_bench": "hil_tests/table_bench",
    "table_rig": "hil_tests/rig/table_rig",
}


def test_the_version_is_the_firmware_s():
    assert importlib.metadata.version(NAME) == VERSION


def test_the_command_is_installed():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="itable")
    assert command.value == "itable.cli:main"
    assert callable(command.load())


def test_every_extra_is_offered():
    extras = set(importlib.metadata.metadata(NAME).get_all("Provides-Extra") or ())
    assert extras == {
        "reports",
        "parquet",
        "postgres",
        "bench",
        "campaign",
        "chip",
        "dev",
        "fuzz",
        "tilt-bench",
    }


def test_every_dependency_has_a_lower_bound():
    for requirement in importlib.metadata.requires(NAME) or ():
        if not requirement.startswith(NAME):
            assert re.match(r"[\w.-]+(\[\w+\])?(<[\d.]+,)?>=\d", requirement), requirement


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=gates.ROOT, check=True, capture_output=True, timeout=120)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as content:
        return set(content.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_carries_every_file(wheel, package):
    # Not modules alone: plan templates, and modules that only MicroPython imports.
    folder = gates.ROOT / PACKAGES[package]
    files = {
        (Path(package) / file.relative_to(folder)).as_posix()
        for file in folder.rglob("*")
        if file.is_file()
        and not any(
            part.startswith(("__pycache__", ".")) for part in file.relative_to(folder).parts
        )
    }
    assert files
    assert files <= wheel


def test_the_wheel_carries_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == set(PACKAGES)
    data = [name for name in wheel if name.split("/")[0].endswith(".data")]
    assert [name.partition("/")[2] for name in data] == ["data/share/man/man1/itable.1"]
