"""Reading both IMUs allocates nothing on real MicroPython, whether they answer or not."""

import os
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
SCRIPT = Path(__file__).with_name("locked_reads.py")
MICROPYTHON = [
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'micropython'; from micropython_unix import main; sys.exit(main())",
]


def test_ten_thousand_reads_under_a_locked_heap() -> None:
    done = subprocess.run(
        [*MICROPYTHON, str(SCRIPT)],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{SCRIPT.parent}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # 2 NACKs in each 100 ticks, and 7 ticks at the start while the filters settle.
    assert done.stdout == "good 9793 bad 207 gave up True\n"
