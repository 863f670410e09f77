"""`python -m table_bench.soak`: hours at one virtual table, and a page on what became of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from inversion_table import VERSION
from inversion_table.contract.messages import contract_hash
from itable.files import write_whole
from table_bench.reporting.around import around
from table_bench.soak.play import run
from table_bench.soak.report import write_page
from table_bench.soak.samples import judge

OK, FOUND = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 every limit was kept, 1 not, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="python -m table_bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="of the table's time (default 8)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other sessions")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the page")
    given = parser.parse_args(arguments)
    if not 0 < given.hours <= 1000:
        parser.error("--hours: give more than 0, at most 1000")
    began_s = time.monotonic()
    samples, overshoot_deg, stranded = run(
        given.hours, given.seed, lambda line: print(line, flush=True)
    )
    measured = judge(samples, overshoot_deg)
    info = {
        **around(Path.cwd(), "virtual"),
        "firmware": VERSION,
        "contract": contract_hash(),
        "seed": str(given.seed),
        "took": f"{(time.monotonic() - began_s) / 60:.1f} min",
    }
    lines = "".join(json.dumps(asdict(sample)) + "\n" for sample in samples)
    write_whole(given.out / "samples.jsonl", lines.encode())
    write_page(given.out / "index.html", samples, measured, stranded, info)
    for one in measured:
        print(("" if one.good else "NOT KEPT: ") + str(one))
    if stranded:
        print(f"STRANDED: {stranded}")
    print(f"report: {given.out / 'index.html'}")
    return FOUND if stranded or not all(one.good for one in measured) else OK


if __name__ == "__main__":
    sys.exit(main())
