"""A deployment from beginning to end: SERVICE, copy, restart, and the new firmware's proof."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from inversion_table import chooser
from inversion_table.contract.messages import contract_hash
from itable.deploy.device import DeviceFiles, Target
from itable.errors import LinkError, NoDeviceError, RefusedError
from itable.link import clock, ports
from itable.link.client import Client
from itable.link.repl import NEXT_STEP, Repl

if TYPE_CHECKING:
    from itable.deploy.pack import Pack
    from itable.link.models import FirmwareGet, Status
    from itable.link.transport import Transport

SERVICE_MOST_S = 300.0
"""How long somebody may take to walk to the table and hold two buttons."""
PROOF_MOST_S = 240.0
"""A new firmware has three starts of a minute each; after that the old one is back. The first start
of a new chip lays out the log before it answers: 35 s, two minutes with the slowest flash there is.
"""
UNPROVED_MOST_S = 60.0
"""From its first answer on, of a table with nothing to go back to that is not in HOME: it may stand
on a desk and never get there."""
_LOOK_S = 0.5
_CLIENT_S = 1.0

RESTARTS = "Restarting; the new firmware has to prove itself"
STARTS_FIRST = f"{RESTARTS}. A first start takes about a minute: the light blinks white"
GESTURE = "At home, nobody on the table: hold START and PAUSE for five seconds."


class Place(Protocol):
    """How a table is reached, and how to wait for it: a port, or a bench of the tests."""

    name: str

    def open(self) -> "Transport":
        """The port, opened; raises NoDeviceError, or OSError while it is not there."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def now_s(self) -> float:
        """Seconds on any clock that does not jump."""

    def unix_s(self) -> int:
        """The time of day, for the table's clock."""


class SerialPlace:
    """A serial port of this computer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self) -> "Transport":
        """The port, opened."""
        return ports.open_port(self.name)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def now_s(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def unix_s(self) -> int:
        """What this computer's clock says."""
        return int(time.time())


class Teller(Protocol):
    """Who is told what goes on."""

    def say(self, what: str) -> None:
        """A new step begins."""

    def progress(self, done: int, total: int) -> None:
        """How far the present step is."""


@dataclass(frozen=True)
class Outcome:
    """What runs on the table after a deployment, or would after one that was only asked about."""

    port: str
    build: str
    version: str
    slot: str
    changed: bool
    proved: bool
    previous: dict[str, Any] | None = None
    note: str = ""

    def to_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        return asdict(self)


Maker = Callable[[int], "Pack"]


def deploy(place: Place, make: Maker, teller: Teller, *, again: bool = False) -> Outcome:
    """Put a firmware on the table and see it prove itself; `make` compiles it for its processor.

    Raises NoDeviceError, LinkError, RefusedError, MismatchError, InputError. Whatever goes wrong,
    and wherever it breaks off, the table starts what it started before; or, once it was told to
    take the new firmware and that fails, goes back to it by itself.
    """
    with _service(place, teller) as table:
        teller.say("Compiling")
        pack = make(table.mpy)
        record = table.record
        if not again and record is not None and table.holds(record["use"], pack.content):
            if record["starts"] == chooser.PROVED:
                teller.say("It is there already; leaving SERVICE")
                table.restart()
                return Outcome(
                    place.name, pack.build, pack.version, record["use"], False, True, None
                )
        target = put(table, pack, teller)
        table.restart()
    return _watch(place, teller, pack.build, pack.version, target.slot, target.keep)


def put(table: DeviceFiles, pack: "Pack", teller: Teller) -> Target:
    """Everything that is written. What starts next changes in one step, the last but one or last.

    Where there are slots already that step is the record; else it is main.py (RQ-140).
    """
    target = table.prepare(table.target(), len(pack.content))
    teller.say(f"Copying build {pack.build} into slot {target.slot}")
    table.copy(target.slot, pack.content, teller.progress)
    table.place_chooser()
    table.choose(chooser.made(target.slot, chooser.STARTS, target.keep))
    table.place_main()
    if table.has_tree and target.keep != chooser.TREE:  # last: until now it was what started
        table.remove_tree()
    return target


def go_back(place: Place, teller: Teller) -> Outcome:
    """Start the firmware before the present one again; it proves itself as a new one does."""
    with _service(place, teller) as table:
        record = table.record
        back = record["back"] if record is not None else ""
        if record is None or not back:
            table.restart()
            raise RefusedError(
                "there is no firmware to go back to",
                0,
                where=place.name,
                next_step="`itable firmware show` tells what the table has; `itable deploy` puts"
                " another one on",
            )
        problem, build = table.state_of(back)
        if problem and back != chooser.TREE:
            table.restart()
            raise RefusedError(
                f"the firmware before this one is not whole: {problem}",
                0,
                where=place.name,
                next_step="`itable deploy` puts another one on",
            )
        table.choose(chooser.made(back, chooser.STARTS, record["use"]))
        table.restart()
    return _watch(place, teller, build, "", back, record["use"])


def look(place: Place) -> "tuple[FirmwareGet | None, DeviceFiles | None]":
    """What the table tells of its firmware, changing nothing: itself, or its files in SERVICE.

    (None, None) for a table that runs a firmware of another contract.
    """
    with contextlib.closing(place.open()) as port:
        repl = Repl(port, place.name)
        if repl.enter():
            files = DeviceFiles(repl)
            repl.exit_raw_repl()
            return None, files
        client = Client(port, name=place.name, timeout_s=_CLIENT_S, clock=place.now_s)
        if client.greet().get("contract") != contract_hash():
            return None, None
        return client.get_firmware(), None


@contextlib.contextmanager
def _service(place: Place, teller: Teller) -> Iterator[DeviceFiles]:
    """The table in SERVICE, or a chip without firmware; waits for the gesture."""
    port: Transport | None = place.open()
    deadline_s = place.now_s() + SERVICE_MOST_S
    told = False
    while True:
        try:
            if port is None:
                port = place.open()
            repl = Repl(port, place.name)
            if repl.enter():
                break
        except (NoDeviceError, LinkError, OSError):
            if port is not None:  # it went away: the table restarts
                with contextlib.suppress(OSError):
                    port.close()
            port = None
        if not told:
            told = True
            teller.say(GESTURE)
        if place.now_s() > deadline_s:
            if port is not None:
                port.close()
            raise LinkError(
                "the table did not come into SERVICE", where=place.name, next_step=NEXT_STEP
            )
        place.wait(_LOOK_S)
    try:
        yield DeviceFiles(repl)
    finally:
        with contextlib.suppress(OSError):
            port.close()


def _watch(place: Place, teller: Teller, build: str, version: str, slot: str, keep: str) -> Outcome:
    """See the firmware of that build prove itself; raises RefusedError when it was given up."""
    teller.say(RESTARTS if keep else STARTS_FIRST)
    begin_s = place.now_s()
    end_s = begin_s + PROOF_MOST_S
    note = ""
    seen = False
    while place.now_s() < end_s:
        place.wait(_LOOK_S)
        teller.progress(int(place.now_s() - begin_s), 0)
        found = _ask(place)
        if found is None:
            continue
        hello, firmware, status = found
        running = hello.get("build")
        if running != build:
            if hello.get("slot") == slot or not keep:
                continue
            raise RefusedError(
                "the new firmware was given up, and the one before it runs again"
                + (f": {firmware.fell['why']}" if firmware and firmware.fell else ""),
                0,
                where=place.name,
                next_step="the table can be used as before; deploy a firmware that starts",
            )
        seen = True
        if keep or (status is not None and status.state == "HOME"):
            end_s = begin_s + PROOF_MOST_S
        else:
            end_s = min(end_s, place.now_s() + UNPROVED_MOST_S)
        if firmware is None:
            note = "it speaks another contract than this itable"
        elif firmware.starts_left is None:
            return Outcome(place.name, build, firmware.version, slot, True, True, firmware.previous)
        elif status is not None:
            note = f"{status.state}: {status.fault_engineer}"
    if seen:
        return Outcome(place.name, build, version, slot, True, False, None, note)
    raise LinkError(
        "the table did not come back",
        where=place.name,
        next_step="switch it off and on: each start without success counts, after three the"
        " firmware before this one is started",
    )


def _ask(place: Place) -> "tuple[dict[str, Any], FirmwareGet | None, Status | None] | None":
    """(hello, firmware, status) of a table; None while it does not answer."""
    try:
        port = place.open()
    except (NoDeviceError, OSError):
        return None
    try:
        client = Client(port, name=place.name, timeout_s=_CLIENT_S, attempts=2, clock=place.now_s)
        hello = client.greet()
        if hello.get("contract") != contract_hash():
            return hello, None, None
        clock.keep(client, place.unix_s())  # so that the proof has a date
        status = client.status()
        return hello, client.get_firmware(), status
    except (LinkError, RefusedError, OSError):
        return None
    finally:
        with contextlib.suppress(OSError):
            port.close()
