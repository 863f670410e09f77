"""What the step refuses."""

from __future__ import annotations

import ast

from itable.errors import InputError


class UndecidedError(InputError):
    """Something that cannot be worked out, or is not meant for machine code."""

    def __init__(self, module: str, node: ast.AST, what: str) -> None:
        line = getattr(node, "lineno", "?")
        super().__init__(
            what,
            where=f"inversion_table/{module.replace('.', '/')}.py, line {line}",
            next_step="write it another way, or say what it is in itable/words/declared.py",
        )
