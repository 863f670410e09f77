"""The file that holds the content of the controller's flash across power cycles."""

from __future__ import annotations

from pathlib import Path

FLASH_BYTES = 1408 * 1024


def ensure(path: Path) -> None:
    """Create an erased flash unless there is one."""
    if not path.exists():
        path.write_bytes(b"\xff" * FLASH_BYTES)
