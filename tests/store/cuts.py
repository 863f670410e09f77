"""Power cuts while a plan, settings or a calibration is saved: real littlefs, on MicroPython."""

import json
import tempfile
from pathlib import Path

from tests.micropython import run_on_micropython

DEVICE = Path(__file__).parent / "device"
FLASH_MODEL = Path(__file__).parents[1] / "journal"
SCRIPTS = {
    "plan and other values": "cut_store.py",
    "calibration": "cut_slots.py",
    "settings": "cut_settings.py",
}


def prove(what: str, share: int = 1) -> tuple[int, int]:
    """(distinct cut points tried, flash operations of the run); every `share`-th tear is tried."""
    lines = run_on_micropython(DEVICE / SCRIPTS[what], str(share), path=(FLASH_MODEL,))
    assert lines[-1] == "ok"
    _, points, _, operations = lines[-2].split()
    return int(points), int(operations)


def prove_deployments(share: int = 1) -> tuple[int, int]:
    """As `prove`, of all that a host writes to a table while it deploys, and of its starts."""
    from tests.store.deployments import recorded

    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "deployments.json"
        told.write_text(json.dumps(recorded()))
        lines = run_on_micropython(
            DEVICE / "cut_deploy.py", str(share), str(told), path=(FLASH_MODEL,)
        )
    assert lines[-1] == "ok"
    counts = [line.split() for line in lines if line.startswith("points ")]
    return sum(int(count[1]) for count in counts), sum(int(count[3]) for count in counts)
