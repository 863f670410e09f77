"""The emulator's C is compiled here: without it every chip test takes five times as long."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from table_bench.chip.compiled import CACHE

MODULES = ("chip", "controller", "snapshot", "table", "usb_host", "meter")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
@pytest.mark.parametrize("module", MODULES)
def test_whatever_is_imported_first_the_fast_emulator_is_used(module: str) -> None:
    """In a process of its own, since the first import decides."""
    program = (
        f"import table_bench.chip.{module}, rp2040py.native._cortex_m0_core as core\n"
        "print(core.__file__)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert CACHE in Path(told.stdout.strip()).parents
