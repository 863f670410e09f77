"""The wiring tables: what is checked in them, and that firmware, picture and bench agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from table_bench.rig import wiring_table
from table_bench.rig.catalogue import RIG_FAULTS, for_rig
from table_bench.rig.device_modules import rig_frame
from table_bench.rig.picture import svg
from table_bench.rig.wiring_table import BOARDS, WiringTableError, load
from table_bench.virtual.device_modules import bench_frame
from table_rig import contacts, faults
from tests.project import gates

TABLES = sorted(BOARDS.glob("*.toml"))
PICO = (BOARDS / "pico.toml").read_text("utf-8")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_table_that_comes_with_the_bench_is_right(path: Path) -> None:
    table = load(path)
    assert table.board == path.stem
    assert len({wire.rig for wire in table.wires}) == len(table.wires) <= 26  # what a Pico has


BROKEN = [
    ("rig = 19", "rig = 20", "GP20 of the rig has two wires: START and PAUSE"),
    ("controller = 19", "controller = 23", "wire START is contact from the controller's GP19"),
    ("rig = 19", "rig = 24", "a Pico has no GP24 on its edge"),
    ("[wires.START]", "[wires.STOP]", "no wire START"),
    ('kind = "sound"', 'kind = "song"', "no kind 'song'"),
    ("smoothing_ms = 3.3", "smoothing_ms = 0", "how far its PWM is smoothed"),
    ("rig = 4\n", "rig = 6\n", "no I2C peripheral of the rig has SDA on GP6 and SCL on GP5"),
    ("rig = 19", 'rig = "GP19"', "wire START: rig is a GPIO's number"),
    ("through", "thruogh", "unknown key 'thruogh'"),
    ('board = "pico"', "", "missing or misplaced 'board'"),
    ("[wires.START]", "[wires.START", "pico"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), BROKEN)
def test_a_wrong_table_is_refused_with_what_is_wrong(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    path = tmp_path / "pico.toml"
    assert old in PICO
    path.write_text(PICO.replace(old, new, 1) if old != "through" else PICO.replace(old, new))
    with pytest.raises(WiringTableError, match=re.escape(complaint)):
        load(path)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WiringTableError, match=r"come: pico-with-relay\.toml, pico\.toml"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_picture_in_the_docs_is_the_tables(path: Path) -> None:
    name = "rig-wiring" + path.stem.removeprefix("pico") + ".svg"
    drawn = (gates.ROOT / "docs/images" / name).read_text("utf-8")
    assert drawn == svg(load(path)), (
        f"draw it anew: python -m table_bench.rig picture --wiring {path} --out docs/images/{name}"
    )


def test_firmware_and_bench_name_the_same_things() -> None:
    assert set(RIG_FAULTS) == set(faults.KNOWN)
    wanted = wiring_table.expected()
    assert {name for name, (kind, _) in wanted.items() if kind == "contact"} == {*contacts.NAMES}
    source = (gates.ROOT / "hil_tests/rig/table_rig/lines.py").read_text("utf-8")
    tuples = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Tuple)
    }
    assert tuples["OPTIONAL"] == wiring_table.OPTIONAL
    named = {*tuples["ANALOG"], *tuples["INPUTS"], *tuples["BUSES"], *contacts.NAMES}
    assert named | {"MOTOR_OUTWARD", "MOTOR_HOMEWARD", "BUZZER"} == set(wanted)


def test_the_frames_prefix_is_the_benchs_frame() -> None:
    assert rig_frame.PREFIX_LONGS == bench_frame.REQUEST_LONGS
    assert (rig_frame.FLAGS, rig_frame.INPUTS) == (bench_frame.FLAGS, bench_frame.INPUTS)


def test_faults_reach_the_rig_in_whole_numbers() -> None:
    assert for_rig("imu_primary_bias", {"accel_g": 0.2}) == {
        "accel_ug": 200_000,
        "gyro_udps": 2_000_000,
    }
    for name in RIG_FAULTS:
        assert all(isinstance(value, int | str) for value in for_rig(name, {}).values())
