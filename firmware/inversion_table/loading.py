"""Modules that are in memory only while they are needed: for the start, or for a request.

Such a module is imported inside the function that needs it. What was loaded since `begin` goes with
`let_go`, as far as nothing that stays was made of its functions or classes (RQ-156).
"""

import gc
import sys

_to_stay: list = []
"""Names of the modules that are never let go of; empty until `begin`."""


def begin() -> None:
    """The program is loaded: what is loaded from here on is let go of after its use."""
    _to_stay[:] = list(sys.modules)


def let_go() -> None:
    """Forget the program's modules that were loaded since `begin`, and collect what they left."""
    if not _to_stay:
        return
    for name in list(sys.modules):
        if name.startswith("inversion_table.") and name not in _to_stay:
            module = sys.modules.pop(name)
            folder, _, last = name.rpartition(".")
            if getattr(sys.modules.get(folder), last, None) is module:
                delattr(sys.modules[folder], last)
    gc.collect()
