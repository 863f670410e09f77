"""Where each key of a TOML document stands: `tomllib` gives the values, but not their lines.

The scanner walks a document that `tomllib` has already accepted, so it need not judge, only keep
its place through strings, comments, arrays and inline tables.
"""

import bisect
import re
import tomllib

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every key and array entry of a valid TOML document, by its path.

    A path is made of key names and, inside arrays, entry numbers from 0: the tilt of the second
    step of the first set is ("set", 0, "step", 1, "tilt_deg"). A table's line is the first one
    that names it. Text that `tomllib` refuses gives a ValueError or nonsense: parse it first.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._table_counts: dict[Path, int] = {}  # entries so far of each [[array of tables]]

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank():
            if self._take("[["):
                table = self._array_table()
            elif self._take("["):
                table = self._table()
            else:
                self._pair(table)
        return self._lines

    # --- tokens ------------------------------------------------------------------------------

    def _skip_blank(self) -> bool:
        """Go past white space and comments; False at the end of the text."""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _take(self, token: str) -> bool:
        if not self._text.startswith(token, self._at):
            return False
        self._at += len(token)
        return True

    def _expect(self, token: str) -> None:
        self._skip_blank()
        if not self._take(token):
            raise ValueError(f"expected {token!r} in line {self._line()}")

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect.bisect_left(self._line_ends, self._at) + 1

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)

    # --- structure ---------------------------------------------------------------------------

    def _key(self) -> list[tuple[str, int]]:
        """A key with its dots: each part and its line."""
        parts = []
        while True:
            self._skip_blank()
            line = self._line()
            bare = self._match(_BARE_KEY)
            if bare is not None:
                parts.append((bare, line))
            else:
                quoted = self._match(_STRING)
                if quoted is None:
                    raise ValueError(f"expected a key in line {line}")
                parts.append((tomllib.loads("key = " + quoted)["key"], line))
            self._skip_blank()
            if not self._take("."):
                return parts

    def _enter(self, path: Path, name: str, line: int) -> Path:
        """The path of `name` inside `path`; in an array of tables, of its last entry so far."""
        path += (name,)
        self._note(path, line)
        if path in self._table_counts:
            path += (self._table_counts[path] - 1,)
        return path

    def _table(self) -> Path:
        path: Path = ()
        for name, line in self._key():
            path = self._enter(path, name, line)
        self._expect("]")
        return path

    def _array_table(self) -> Path:
        *parents, (name, line) = self._key()
        path: Path = ()
        for parent, parent_line in parents:
            path = self._enter(path, parent, parent_line)
        path += (name,)
        self._note(path, line)
        number = self._table_counts.get(path, 0)
        self._table_counts[path] = number + 1
        path += (number,)
        self._note(path, line)
        self._expect("]]")
        return path

    def _pair(self, path: Path) -> None:
        for name, line in self._key():
            path += (name,)
            self._note(path, line)
        self._expect("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif self._match(_STRING) is None:
            self._match(_SCALAR)

    def _array(self, path: Path) -> None:
        number = 0
        while True:
            self._skip_blank()
            if self._take("]"):
                return
            self._note((*path, number), self._line())
            self._value((*path, number))
            number += 1
            self._skip_blank()
            if not self._take(","):
                self._expect("]")
                return

    def _inline_table(self, path: Path) -> None:
        while True:
            self._skip_blank()
            if self._take("}"):
                return
            self._pair(path)
            self._skip_blank()
            if not self._take(","):
                self._expect("}")
                return
