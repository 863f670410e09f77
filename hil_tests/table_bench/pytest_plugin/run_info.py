"""What a run was made with: bench, program, versions; workers tell it to the one that reports."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from table_bench.bench import Bench
from table_bench.operator import Operator

KEY = pytest.StashKey[dict[str, str]]()


def info_of(config: pytest.Config) -> dict[str, str]:
    """Name -> value, in the order in which it is shown; may be added to."""
    if KEY not in config.stash:
        config.stash[KEY] = {}
    return config.stash[KEY]


def ask_the_table(config: pytest.Config, operator: Operator, bench: Bench) -> None:
    """Note what the controller says of its firmware, and the bench of what it runs on."""
    hello = operator.result("hello")
    info_of(config).update(
        {
            "firmware": hello["firmware"],
            "contract": hello["contract"],
            **bench.versions(),
        }
    )


def around(config: pytest.Config, bench: str) -> dict[str, str]:
    """What is known without a table."""
    return {
        "bench": bench,
        "git": git_state(config.rootpath),
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
