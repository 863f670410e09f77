"""Reading TOML from anybody's file."""

import tomllib
from typing import Any


def loads(text: str, **options: Any) -> dict[str, Any]:
    """As tomllib.loads; raises tomllib.TOMLDecodeError also for what is nested without end."""
    try:
        return tomllib.loads(text, **options)
    except RecursionError:
        raise tomllib.TOMLDecodeError("lists or tables are nested too deeply") from None
