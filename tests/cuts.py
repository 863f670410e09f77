"""`make cuts`: the power cut at every flash operation, torn in every way; prints how many."""

import argparse
import time

from tests.journal import cuts as log_cuts
from tests.store import cuts as store_cuts

AGAIN = 0.03


def main() -> None:
    """One line for the log, one for each kind of stored value; a failure ends it."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make cuts")
    parser.add_argument("--share", type=float, default=1.0, help="of the log's cut points; 0 .. 1")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begin = time.monotonic()
    count = log_cuts.prove(arguments.share, AGAIN, arguments.seed)
    print(
        f"log: {count.total()} distinct cut points ({count.in_programs} in programs,"
        f" {count.in_erases} in erases, {count.second} in a second cut) of {count.operations} flash"
        " operations: 0 records lost",
        flush=True,
    )
    total = count.total()
    for what in store_cuts.SCRIPTS:
        points, operations = store_cuts.prove(what)
        total += points
        print(
            f"{what}: {points} distinct cut points of {operations} flash operations: 0 values lost"
        )
    points, operations = store_cuts.prove_deployments()
    total += points
    print(
        f"deployments: {points} distinct cut points of {operations} flash operations: always a"
        " whole firmware, the old one until the new one is chosen"
    )
    print(f"in all {total} cut points, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
