"""`make explore`: walk the kernel's reachable states; then find every planted defect."""

import argparse
import sys
import time

from inversion_table.safety import faults
from tests.explore.defects import DEFECTS, spoiled
from tests.explore.walk import Walk, longest_way_home_ms
from tests.explore.world import Environment, walks


def told(name: str, walk: Walk) -> bool:
    """Print one walk; True if nothing is broken."""
    extent = "all" if walk.complete else "some"
    print(
        f"{name:22} {extent:4} {len(walk.came):6} states {walk.transitions:7} transitions"
        f" {walk.classes:9} classes {walk.outward:7} outward {walk.seconds:6.1f} s",
        flush=True,
    )
    if walk.broken is None:
        return True
    print("\n".join(walk.told()))
    return False


def find(number: int, most_classes: int) -> Walk:
    """The walk over the kernel with this defect, until it is found."""
    kernel = spoiled(number)
    walk = Walk(kernel, Environment.small()).run(most_classes=most_classes)
    if walk.broken is None:
        laptop = Environment().without_hands()
        laptop.active = (faults.NO_FAULT,)
        laptop.inputs["settled"] = (True,)
        laptop.firsts = 1
        walk = Walk(kernel, laptop).run(most_classes=most_classes)
    if walk.broken is None:
        late = Environment.small()
        late.firsts = 0
        walk = Walk(kernel, late).run(most_classes=most_classes)
    return walk


def main() -> int:
    """0 when every invariant holds and every planted defect is found."""
    parser = argparse.ArgumentParser(prog="make explore", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of the walk, in seconds")
    parser.add_argument("--most", type=int, default=500_000, help="classes a walk may try")
    arguments = parser.parse_args()
    start = time.perf_counter()
    good = True
    if arguments.quick:
        good = told("quick", Walk(environment=Environment.small()).run(most_classes=60_000))
    else:
        for name, environment in walks():
            good = (
                told(name, Walk(environment=environment).run(most_classes=arguments.most)) and good
            )
    print(f"longest way home: {longest_way_home_ms() / 1000:.0f} s")
    numbers = (3, 10, 15, 18) if arguments.quick else range(len(DEFECTS))
    found = 0
    for number in numbers:
        walk = find(number, 60_000)
        found += walk.broken is not None
        good = good and walk.broken is not None
        verdict = (
            f"{len(walk.counter_example()):2} steps: {walk.broken}" if walk.broken else "MISSED"
        )
        print(f"{DEFECTS[number][0]:48} {verdict}", flush=True)
    print(f"planted defects found: {found} of {len(numbers)}; {time.perf_counter() - start:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
