"""Running real code on every value that it asks for: choices, made when a value is first compared.

A path through the code is a list of choices. The first run takes the first of each; `next` changes
the last one that can still be changed, until all are used up. What is not read is not chosen, so
inputs that cannot matter are never multiplied out: exact, because the code itself decides.

What is known of a variable is its domain: a pair (least, most) of a number, or a frozenset of the
values that are still possible. Variables go by name, so that what one piece of code has found out
can be handed to the next one.
"""

from operator import index
from typing import Any

Domain = tuple[int, int] | frozenset[Any]
Known = frozenset[tuple[str, Domain]]

EVERYTHING: Known = frozenset()
BOTH: Domain = frozenset((False, True))
WIDEST = (-(1 << 40), 1 << 40)


class Chooser:
    """The choices of one path, and the way to the next path."""

    def __init__(self) -> None:
        self._taken: list[int] = []
        self._of: list[int] = []
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


def meet(one: Domain, other: Domain) -> Domain | None:
    """What both allow; None if there is nothing."""
    if isinstance(one, frozenset):
        if isinstance(other, frozenset):
            return one & other or None
        return frozenset(v for v in one if other[0] <= v <= other[1]) or None
    if isinstance(other, frozenset):
        return meet(other, one)
    least, most = max(one[0], other[0]), min(one[1], other[1])
    return (least, most) if least <= most else None


class Run:
    """One run of a piece of code: what is known so far of each variable, and what was asked for."""

    __slots__ = ("chooser", "domains", "known", "touched")

    def __init__(self, chooser: Chooser, domains: dict[str, Domain], known: Known) -> None:
        self.chooser = chooser
        self.domains = domains
        self.known: dict[str, Domain] = dict(known)
        self.touched: set[str] = set()

    def domain(self, name: str) -> Domain:
        """What is known of this variable."""
        self.touched.add(name)
        found = self.known.get(name)
        if found is None:
            found = self.known[name] = self.domains.get(name, WIDEST)
        return found

    def below(self, name: str, bound: int) -> bool:
        """Whether the variable is less than `bound`, which narrows it one way or the other."""
        domain = self.domain(name)
        if isinstance(domain, frozenset):
            return self.among(name, frozenset([v for v in domain if v < bound]))
        least, most = domain
        if most < bound:
            return True
        if least >= bound:
            return False
        if self.chooser.choose(2) == 0:
            self.known[name] = (least, bound - 1)
            return True
        self.known[name] = (bound, most)
        return False

    def among(self, name: str, some: frozenset[Any]) -> bool:
        """Whether the variable, one of a few, is one of `some`, which narrows it."""
        domain = self.domain(name)
        assert isinstance(domain, frozenset)
        some &= domain
        if len(some) == len(domain):
            return True
        if not some:
            return False
        if self.chooser.choose(2) == 0:
            self.known[name] = some
            return True
        self.known[name] = domain - some
        return False

    def one(self, name: str) -> Any:
        """The value of a variable that is one of a few."""
        domain = self.domain(name)
        assert isinstance(domain, frozenset)
        if len(domain) == 1:
            (value,) = domain
            return value
        value = sorted(domain)[self.chooser.choose(len(domain))]
        self.known[name] = frozenset((value,))
        return value

    def narrowed(self) -> Known:
        """What was found out."""
        return frozenset(
            (name, domain)
            for name, domain in self.known.items()
            if domain != self.domains.get(name, WIDEST)
        )


class Unknown:
    """A value of which only the domain of its variable is known, plus `offset`."""

    __slots__ = ("name", "offset", "run")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, run: Run, name: str, offset: int = 0) -> None:
        self.run = run
        self.name = name
        self.offset = offset

    def __lt__(self, other: Any) -> bool:
        if isinstance(other, Number):
            if isinstance(self, Number):
                return bool((self - other) < 0)
            return bool(other > self.__index__())  # type: ignore[attr-defined]
        return self.run.below(self.name, index(other) - self.offset)

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __gt__(self, other: Any) -> bool:
        if isinstance(other, Number):
            return bool(other < self)
        return not self.run.below(self.name, index(other) + 1 - self.offset)

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        return self <= other and self >= other

    def __bool__(self) -> bool:
        return not self == 0  # noqa: SIM201 - OneOf defines == alone


class Number(Unknown):
    """An integer of which only least .. most is known; a comparison halves that."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Number):
            return Number(self.run, f"({self.name} + {other.name})", self.offset + other.offset)
        return Number(self.run, self.name, self.offset + index(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Number):
            # What relates the two is forgotten: any difference may be theirs.
            return Number(self.run, f"({self.name} - {other.name})", self.offset - other.offset)
        return Number(self.run, self.name, self.offset - index(other))

    def __rsub__(self, other: int) -> "Number":
        return Negated(self) + other

    def __neg__(self) -> "Number":
        return Negated(self)

    def __abs__(self) -> "Number":
        return self if self >= 0 else Negated(self)


class Negated(Number):
    """Minus a number."""

    __slots__ = ("of",)

    def __init__(self, of: Number, plus: int = 0) -> None:
        super().__init__(of.run, of.name, plus)
        self.of = of

    def __lt__(self, other: Any) -> bool:
        return self.of > self.offset - index(other)

    def __gt__(self, other: Any) -> bool:
        return self.of < self.offset - index(other)

    def __add__(self, other: Any) -> Any:
        return Negated(self.of, self.offset + index(other))

    def __sub__(self, other: Any) -> Any:
        return Negated(self.of, self.offset - index(other))

    def __neg__(self) -> Number:
        return self.of + -self.offset

    def __abs__(self) -> Number:
        return abs(-self)


class Clock(Number):
    """A counter of ms that grows: by how much in a step is anybody's guess, the least is kept.

    Each clock may reach its bound in a step whatever the others do: any length of a step, any ratio
    of the bounds, is among what is walked. A `+` behind its name tells each advance.
    """

    __slots__ = ()

    def __add__(self, other: Any) -> "Clock":
        name = self.name + "+"
        before = self.run.known.get(self.name) or self.run.domains.get(self.name, WIDEST)
        least = before[0] if isinstance(before, tuple) else 0
        if name not in self.run.known:
            whole = self.run.domains.get(name, WIDEST)
            assert isinstance(whole, tuple)
            self.run.known[name] = (max(least, whole[0]), whole[1])
        return Clock(self.run, name)

    @property
    def advanced(self) -> int:
        """How often it was advanced in this step."""
        return self.name.count("+")


class Now:
    """The time: only how long ago the last step was can be asked of it, and that is a variable."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __sub__(self, other: int) -> "Now":
        return self

    def __and__(self, other: int) -> Number:
        return Number(self.run, "dt_ms")


class OneOf(Unknown):
    """One of a few integers; a comparison leaves those for which it comes out the same."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OneOf):
            other = other.__index__()
        return self.run.among(self.name, frozenset((other,)))

    def __index__(self) -> int:
        """Which of them it is, if that must be known."""
        return index(self.run.one(self.name))

    __int__ = __index__

    def __add__(self, other: Any) -> Any:
        return self.__index__() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.__index__() - other

    def __rsub__(self, other: int) -> int:
        return other - self.__index__()

    def __neg__(self) -> int:
        return -self.__index__()

    def __abs__(self) -> int:
        return abs(self.__index__())


class Lazy:
    """An object each attribute of which is a variable, known to nobody until it is asked for."""

    def __init__(self, run: Run, prefix: str) -> None:
        self.__dict__["_run"] = run
        self.__dict__["_prefix"] = prefix

    def __getattr__(self, attribute: str) -> Any:
        name = f"{self._prefix}.{attribute}"
        run: Run = self._run
        domain = run.domains.get(name)
        if domain is None:
            raise AttributeError(f"the code reads '{name}', which the explorer does not know")
        if not isinstance(domain, frozenset):
            return Number(run, name)
        if domain <= {False, True} and all(type(value) is bool for value in domain):
            return run.one(name)
        return OneOf(run, name)
