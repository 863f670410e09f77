"""Runs under MicroPython: what the device makes of plans as they come over the link.

Reads a file of one JSON plan a line; prints for each how many problems it has at the hard limits,
its id, and the time to home from its first moment.
"""

import json
import sys

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session.program import Program

settings = limits.Settings()
for name in ("tilt_max_mdeg", "rate_max_mdeg_per_s", "head_down_max_ms", "session_max_ms"):
    setattr(settings, name, limits.SETTINGS[name][1])
with open(sys.argv[1]) as file:
    for line in file:
        plan = plans.from_wire(json.loads(line))
        problems = plans.check(plan, settings)
        left_ms = -1
        if not problems:
            program = Program(plan, settings.acceleration_mdeg_per_s2)
            left_ms = program.left_ms(0, 0, 0, 0, limits.HOME_TILT_MDEG)
        print(len(problems), plan.plan_id(), left_ms)
