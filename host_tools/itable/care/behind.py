"""Who answers on a port: the controller's program, SERVICE's REPL, a bare MicroPython, nobody."""

from collections.abc import Iterator

from itable import __version__, exits
from itable.care.findings import BAD, GOOD, TODO, Finding
from itable.errors import LinkError, MismatchError
from itable.link.client import Client
from itable.link.models import Hello
from itable.link.repl import in_service
from itable.link.transport import Transport

_WHO = """\
import sys
print('.'.join(map(str,sys.implementation.version[:3])))
try:
 import inversion_table as i
 print(i.VERSION)
except ImportError: print('-')
"""
OLDEST_MICROPYTHON = (1, 28)


def greet(client: Client, transport: Transport, name: str) -> Iterator[Finding | Hello]:
    """The controller's greeting, or what stands in its place."""
    try:
        hello = client.hello()
    except MismatchError as error:
        yield Finding("versions", BAD, error.what, error.next_step, exits.MISMATCH)
        return
    except LinkError:
        yield _not_the_program(transport, name)
        return
    yield Finding("answers", GOOD, f"the controller {hello.device}, firmware {hello.firmware}")
    yield hello


def _not_the_program(transport: Transport, name: str) -> Finding:
    try:
        repl = in_service(transport, name)
        told = repl.run(_WHO).decode("ascii", "replace").split()
        repl.exit_raw_repl()
    except LinkError:
        return Finding(
            "answers",
            BAD,
            "the port is open, but nothing answers: neither the controller nor a REPL",
            "see that it is a table's port; switch the table off and on, wait 10 s, try again",
            exits.LINK_FAILED,
        )
    interpreter, version = (*told, "?", "?")[:2]
    if version == "-":
        return Finding(
            "answers",
            BAD,
            f"a bare MicroPython {interpreter}: the controller's program is not on it",
            "put the firmware on: `itable deploy`",
        )
    return Finding(
        "answers",
        TODO,
        f"the table is in SERVICE (firmware {version}, MicroPython {interpreter}): the motor stays"
        " off, and nothing of it can be looked at",
        "when the work is done, switch it off and on at home; then look again",
    )


def versions(hello: Hello, micropython: str, machine: str) -> Finding:
    """Host, firmware, contract and interpreter, once they speak the same language."""
    says = (
        f"itable {__version__}, firmware {hello.firmware}, contract {hello.contract[:8]},"
        f" MicroPython {micropython} on {machine}"
    )
    if _numbers(micropython) < OLDEST_MICROPYTHON:
        oldest = ".".join(str(number) for number in OLDEST_MICROPYTHON)
        return Finding(
            "versions",
            TODO,
            says,
            f"put MicroPython {oldest} or newer on the board: this one is"
            " older than any that the firmware was tried on",
        )
    if hello.firmware != __version__:
        return Finding(
            "versions",
            TODO,
            says,
            "install tool and firmware of one version when there is time;"
            " they understand each other",
        )
    return Finding("versions", GOOD, says)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
