"""A table as plain lines: for lists of thousands of rows, which would take Rich many seconds."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

_NARROWEST = 8
"""A column whose words may be broken into lines keeps this much."""


def blocks(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    fold: Sequence[str] = (),
    width: int | None = None,
) -> Iterator[str]:
    """The heads, then every row, in columns as wide as their widest cell; a folded row has lines.

    `right`: heads of the columns that are set to the right. `fold`: of those whose words go on in a
    second line where the whole is wider than `width` characters; None: nothing is folded.
    """
    widths = [
        max([cell_len(head), *(cell_len(row[at]) for row in rows)]) for at, head in enumerate(heads)
    ]
    foldable = [at for at, head in enumerate(heads) if head in fold]
    gap = 2
    if width is not None and sum(widths) + gap * (len(heads) - 1) > width:
        gap = 1
        over = sum(widths) + gap * (len(heads) - 1) - width
        while over > 0 and foldable:
            widest = max(foldable, key=lambda at: widths[at])
            if widths[widest] <= _NARROWEST:
                break
            widths[widest] -= 1
            over -= 1
    to_right = [head in right for head in heads]
    for row in (heads, *rows):
        cells = [
            textwrap.wrap(cell, widths[at]) or [""]
            if at in foldable and cell_len(cell) > widths[at]
            else [cell]
            for at, cell in enumerate(row)
        ]
        yield "\n".join(
            (" " * gap)
            .join(
                _set(cell[number] if number < len(cell) else "", widths[at], to_right[at])
                for at, cell in enumerate(cells)
            )
            .rstrip()
            for number in range(max(map(len, cells)))
        )


def _set(text: str, width: int, to_right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if to_right else text + space
