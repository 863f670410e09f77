"""What the bench's options say; they are absent where pytest met the tests too late to add them."""

from __future__ import annotations

import pytest

DEFAULT_BENCH = "virtual"


def bench_name(config: pytest.Config) -> str:
    """The bench that was chosen."""
    name: str = config.getoption("--bench", DEFAULT_BENCH)
    return name


def bench_options(config: pytest.Config) -> dict[str, str]:
    """Name -> value; raises pytest.UsageError for what is no NAME=VALUE."""
    options = {}
    for text in config.getoption("--bench-option", []):
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            raise pytest.UsageError(f"--bench-option {text!r}: give NAME=VALUE")
        options[name] = value
    return options
