"""Running real code on every value that it asks for: choices, made when a value is first read.

A path through the code is a list of choices. The first run takes the first of each; `next` changes
the last one that can still be changed, until all are used up. What is not read is not chosen, so
inputs that cannot matter are never multiplied out: exact, because the code itself decides.
"""

from typing import Any


class Chooser:
    """The choices of one path, and the way to the next path."""

    def __init__(self, path: tuple[int, ...] = ()) -> None:
        self._taken: list[int] = list(path)
        self._of: list[int] = [0] * len(path)
        self._depth = 0

    def choose(self, count: int) -> int:
        """0 .. count - 1: the next choice on this path."""
        depth = self._depth
        if depth == len(self._taken):
            self._taken.append(0)
            self._of.append(count)
        self._depth = depth + 1
        return self._taken[depth]

    def next(self) -> bool:
        """On to the next path; False when there is none."""
        while self._taken and self._taken[-1] + 1 == self._of[-1]:
            self._taken.pop()
            self._of.pop()
        self._depth = 0
        if not self._taken:
            return False
        self._taken[-1] += 1
        return True

    def path(self) -> tuple[int, ...]:
        """What was chosen: given to a new `Chooser`, it leads the same way."""
        return tuple(self._taken)


class Number:
    """An integer of which only lo .. hi is known; a comparison halves that, one way or the other.

    `offset` is what was added to it: sums share the same unknown through `root`.
    """

    __slots__ = ("chooser", "hi", "lo", "offset", "root")

    def __init__(self, chooser: Chooser, lo: int, hi: int) -> None:
        self.chooser = chooser
        self.lo = lo
        self.hi = hi
        self.root: Number = self
        self.offset = 0

    def __lt__(self, other: int) -> bool:
        root = self.root
        bound = other - self.offset
        if root.hi < bound:
            return True
        if root.lo >= bound:
            return False
        if root.chooser.choose(2) == 0:
            root.hi = bound - 1
            return True
        root.lo = bound
        return False

    def __le__(self, other: int) -> bool:
        return self < other + 1

    def __gt__(self, other: int) -> bool:
        return not self < other + 1

    def __ge__(self, other: int) -> bool:
        return not self < other

    def __add__(self, other: int) -> "Number":
        total = Number(self.chooser, 0, 0)
        total.root = self.root
        total.offset = self.offset + other
        return total

    def __sub__(self, other: int) -> "Number":
        return self + -other

    def __abs__(self) -> "Number":
        return self if self >= 0 else Negated(self)

    def __repr__(self) -> str:
        if self.root.lo == self.root.hi:
            return str(self.root.lo)
        return f"{self.root.lo} .. {self.root.hi}"


class Negated(Number):
    """Minus a number, for the absolute value of a negative one."""

    __slots__ = ("of",)

    def __init__(self, of: Number) -> None:
        super().__init__(of.chooser, 0, 0)
        self.of = of

    def __lt__(self, other: int) -> bool:
        return self.of > -other


class Clock(Number):
    """A counter of ms that grows: `lo` is known; by how much it grows in a step is anybody's guess.

    Each clock may reach its bound in a step whatever the others do: any length of a step, any ratio
    of the bounds, is among what is walked.
    """

    __slots__ = ("advanced",)

    def __init__(self, chooser: Chooser, lo: int, hi: int) -> None:
        super().__init__(chooser, lo, hi)
        self.advanced = 0

    def __add__(self, other: int) -> "Clock":
        self.advanced += 1
        return self


class OneOf:
    """One of a few integers; a comparison leaves those for which it comes out the same."""

    __slots__ = ("chooser", "values")

    def __init__(self, chooser: Chooser, values: tuple[int, ...]) -> None:
        self.chooser = chooser
        self.values = values

    def _narrow(self, true: tuple[int, ...]) -> bool:
        if len(true) == len(self.values):
            return True
        if not true:
            return False
        if self.chooser.choose(2) == 0:
            self.values = true
            return True
        self.values = tuple(value for value in self.values if value not in true)
        return False

    def __lt__(self, other: int) -> bool:
        return self._narrow(tuple([value for value in self.values if value < other]))

    def __le__(self, other: int) -> bool:
        return self._narrow(tuple([value for value in self.values if value <= other]))

    def __gt__(self, other: int) -> bool:
        return self._narrow(tuple([value for value in self.values if value > other]))

    def __ge__(self, other: int) -> bool:
        return self._narrow(tuple([value for value in self.values if value >= other]))

    def __eq__(self, other: object) -> bool:
        return self._narrow(tuple([value for value in self.values if value == other]))

    __hash__ = None  # type: ignore[assignment]

    def __index__(self) -> int:
        """Which of them it is, if that must be known."""
        if len(self.values) > 1:
            self.values = (self.values[self.chooser.choose(len(self.values))],)
        return self.values[0]

    def __add__(self, other: int) -> int:
        return self.__index__() + other

    def __sub__(self, other: int) -> int:
        return self.__index__() - other

    def __neg__(self) -> int:
        return -self.__index__()

    def __abs__(self) -> int:
        return abs(self.__index__())

    def __repr__(self) -> str:
        return " or ".join(str(value) for value in self.values)


class Lazy:
    """An object each attribute of which is chosen from `options` when it is first read."""

    def __init__(self, chooser: Chooser, options: dict[str, Any]) -> None:
        self.__dict__["_chooser"] = chooser
        self.__dict__["_options"] = options

    def __getattr__(self, name: str) -> Any:
        value: Any
        options = self._options.get(name)
        if options is None:
            raise AttributeError(f"the code reads '{name}', which the explorer does not know")
        if type(options) is range:
            value = Number(self._chooser, options.start, options.stop - 1)
        elif type(options) is frozenset:
            value = OneOf(self._chooser, tuple(sorted(options)))
        elif len(options) == 1:
            value = options[0]
        else:
            value = options[self._chooser.choose(len(options))]
        self.__dict__[name] = value
        return value

    def chosen(self) -> dict[str, Any]:
        """What was read, and what it was."""
        return {name: v for name, v in self.__dict__.items() if not name.startswith("_")}
