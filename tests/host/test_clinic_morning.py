"""The example script: a whole morning, every command of it, on the virtual table."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.host.test_report import checked

SCRIPT = Path(__file__).parents[2] / "examples" / "clinic-morning.sh"


@pytest.mark.requirement("RQ-091")
@pytest.mark.requirement("RQ-135")
def test_a_clinics_morning(tmp_path):
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", str(SCRIPT), str(tmp_path / "morning"), "60"],
        env=env,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stdout + done.stderr
    for words in (
        "P-017: not cleared", "(exit code 8)", "approved ", "week 1 of 8, session 1 of 4",
        "@1 is P-017, week 1 of the programme: pain before 4, after not asked",
        "pain before 4, after 2, comfort 8", "1/4", "report: report.html",
    ):  # fmt: skip
        assert words in done.stdout, words
    assert "today's session is done" in done.stderr
    morning = tmp_path / "morning"
    text = checked((morning / "report.html").read_text("utf-8")).text
    for words in ("Patient P-017", "Approved", "Dr. M. Okafor", "1 of 4 (25 %)", "4 → 2"):
        assert words in text
    (row,) = csv.DictReader((morning / "sessions.csv").read_text("utf-8").splitlines())
    assert (row["patient"], row["week"], row["how"]) == ("P-017", "1", "completed")
    assert float(row["head_down_s"]) > 0.95 * float(row["planned_head_down_s"])
    assert (morning / "session.png").read_bytes().startswith(b"\x89PNG")
    assert (morning / "today.svg").read_bytes().startswith(b"<?xml")
    assert not (morning / "keys").exists()
