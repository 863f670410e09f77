"""What a run was made with that no table has to be asked for: commit, Python, machine."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

from itable.days import today


def around(folder: Path, bench: str) -> dict[str, str]:
    """What is known without a table."""
    return {
        "bench": bench,
        "day": str(today()),
        "git": git_state(folder),
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def git_state(folder: Path) -> str:
    """The commit, and whether the tree differs from it; "unknown" outside a repository."""
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return commit + (" with changes" if _git(folder, "status", "--porcelain") else "")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
