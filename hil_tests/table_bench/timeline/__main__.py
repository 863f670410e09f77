"""`python -m table_bench.timeline FILE.npz [FILE.png]`: draw a timeline that was kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from itable.files import write_whole
from table_bench.reporting.drawing import NoMatplotlib
from table_bench.timeline.picture import draw
from table_bench.timeline.store import load

USAGE = "usage: python -m table_bench.timeline FILE.npz [FILE.png]"


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 drawn, 1 not possible, 2 wrong call."""
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    source = Path(arguments[0])
    target = Path(arguments[1]) if len(arguments) == 2 else source.with_suffix(".png")
    try:
        write_whole(target, draw(*load(source)))
    except (ValueError, NoMatplotlib) as error:
        print(error, file=sys.stderr)
        return 1
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
