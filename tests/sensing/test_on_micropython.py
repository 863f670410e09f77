"""Reading both IMUs allocates nothing on real MicroPython, whether they answer or not."""

from pathlib import Path

from tests.micropython import run_on_micropython

HERE = Path(__file__).parent


def test_ten_thousand_reads_under_a_locked_heap() -> None:
    # 2 NACKs in each 100 ticks, and 7 ticks at the start while the filters settle.
    assert run_on_micropython(HERE / "locked_reads.py", path=(HERE,)) == [
        "good 9793 bad 207 gave up True"
    ]
