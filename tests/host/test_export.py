"""The table of sessions: its columns as documented, the same in CSV and Parquet."""

import csv
import io
import json
from pathlib import Path

import pytest

from itable.report.table import COLUMNS, write
from tests.host.test_report import whole

DOCS = Path(__file__).parents[2] / "docs"


def rows():
    return [
        whole(patient="P-1", note='a, "b"\nc').done,
        whole(id=4, start_unix_s=0, pain_after=None, week=None, head_down_ms=None).done,
    ]


def test_the_columns_are_documented():
    text = (DOCS / "itable.md").read_text("utf-8")
    for name, what in COLUMNS.items():
        assert f"| `{name}` | {what} |" in text


def test_csv(tmp_path):
    write(rows(), tmp_path / "x.csv")
    found = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text("utf-8"))))
    assert list(found[0]) == list(COLUMNS)
    assert found[0]["note"] == 'a, "b"\nc'
    assert (found[0]["start"], found[0]["plan"]) == ("2023-11-14T22:13:20Z", "Small")
    assert (found[0]["head_down_s"], found[0]["planned_tilt_deg"]) == ("100.0", "30.0")
    assert found[0]["how"] == "fault"
    for name in ("patient", "start", "week", "head_down_s", "pain_after", "note"):
        assert found[1][name] == ""


def test_parquet_says_the_same_with_types(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write(rows(), tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.schema.names == list(COLUMNS)
    assert table.schema.field("pain_before").metadata[b"what"] == b"0 to 10"
    assert table["pain_after"].to_pylist() == [2, None]
    assert table["head_down_s"].to_pylist() == [100.0, None]
    assert str(table.schema.field("duration_s").type) == "double"
    write([], tmp_path / "none.parquet")
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_the_command(run, table, tmp_path):
    run("log", "pull", "--all", "--port", table.port)
    answer = json.loads(run("export", tmp_path / "x.csv", "--json").output)
    assert answer["sessions"] == 2
    assert "neither in .csv nor in .parquet" in run("export", tmp_path / "x.txt").stderr
    assert "there is no patient P-9" in run("export", tmp_path / "y.csv", "--patient", "P-9").stderr
    assert not (tmp_path / "y.csv").exists()
