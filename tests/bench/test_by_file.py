"""The table of a bench's tests, out of what pytest wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from table_bench.reporting.by_file import HEAD, main

RUN = """<testsuites><testsuite>
<testcase classname="hil_tests.test_link" name="a" time="2.4"/>
<testcase classname="hil_tests.test_link" name="b" time="0"><skipped
 message="bench lacks minutes, entry"/></testcase>
<testcase classname="hil_tests.test_link" name="c" time="1"><failure message="no"/></testcase>
<testcase classname="hil_tests.test_care" name="d" time="1"><error message="ill"/></testcase>
<testcase classname="hil_tests.test_care" name="e" time="0"><skipped message="no image"/></testcase>
</testsuite></testsuites>"""
AGAIN = """<testsuites><testsuite>
<testcase classname="hil_tests.test_care" name="d" time="5"/>
</testsuite></testsuites>"""


def test_each_file_is_a_row_and_counts_as_it_was_run_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "a.xml", tmp_path / "b.xml"
    first.write_text(RUN)
    second.write_text(AGAIN)
    assert main([str(first)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        *HEAD.splitlines(),
        "| `test_care` | 0 | 1 | 1 | 1 | no image (1) |",
        "| `test_link` | 1 | 1 | 1 | 3 | minutes (1), entry (1) |",
        "| in all | 1 | 2 | 2 | 4 |  |",
    ]
    assert main([str(first), str(second)]) == 0
    assert "| `test_care` | 1 | 0 | 0 | 5 |  |" in capsys.readouterr().out


def test_what_holds_no_results_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    path.write_text("<p>")
    assert main([str(path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert main([]) == 2
