"""What of the firmware the step rewrites: records, the names that mean them, machine code.

Everything that is decided by a name is decided here. What is not found here, and cannot be worked
out, is an error of the build (errors.UndecidedError), never a guess.
"""

from __future__ import annotations

RECORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Inputs": ("safety.ports", ("inputs",)),
    "Wish": ("safety.ports", ("wish",)),
    "Decision": ("safety.ports", ("decision", "out")),
    "ImuSample": ("sensing.imu", ("sample",)),
    "Estimate": ("estimation.estimate", ("estimate",)),
    "KernelState": ("safety.memory", ("k",)),
    "Complement": ("safety.memory", ()),
    "Travel": ("safety.travel", ()),
    "Monitors": ("safety.monitors", ("monitors",)),
    "Motion": ("session.motion", ()),
    "Sequencer": ("session.sequencer", ("sequencer",)),
}
"""Class -> its module, and the variables, arguments and attributes that are always one of these.

All that such a class keeps are whole numbers, truth values and other records.
"""

ONLY_IN = {"k": "safety.", "out": "safety."}
"""Names that mean a record in these modules alone."""

OTHERS = frozenset(
    {
        *("chosen", "debouncer", "done", "firmware", "first", "last", "last_fault", "box", "panel"),
        *("pins", "plan", "program", "record", "second", "segment", "settings", "step"),
        *("kept", "made", "monitor", "primary", "program_check", "rest"),
    }
)
"""Variables and attributes that are never a record, though they have attributes of such names."""

OBJECTS = frozenset({"settings", "program"})
"""Arguments of machine code that stay Python objects, of whole numbers and of lists of them."""

MACHINE_CODE = (
    ("safety.guarded", "GuardedKernel.step"),
    ("safety.monitors", "Monitors.update"),
    ("session.sequencer", "Sequencer.step"),
)
"""Functions of the tick that become machine code, with everything that they call."""

BYTECODE = frozenset(
    {
        ("safety.memory", "Complement.restart"),
        ("safety.interlocks", "refusal"),
        ("safety.kernel", "_self_test"),
        ("safety.kernel", "_refuse"),
        ("safety.kernel", "_paused"),
        ("safety.kernel", "_held"),
        ("safety.kernel", "_await_back_off"),
        ("safety.kernel", "_arrive"),
    }
)
"""What they call so seldom, or at rest only, that the memory of machine code is not worth it."""

SMALL = 24
"""A function of at most so many nodes of syntax is put in place of each of its calls."""
