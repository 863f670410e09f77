"""MicroPython's raw REPL, which a table offers in SERVICE alone: mpremote's transport."""

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from itable.errors import LinkError

if TYPE_CHECKING:
    from itable.link.transport import Transport

ENTER_S = 1.0
ANSWER_S = 10.0
_STEP_S = 0.2
_READ_BYTES = 1024
NEXT_STEP = (
    "at home, nobody on it, hold START and PAUSE for 5 s; the light turns violet; then try again"
)


class _Port:
    """A pyserial port, or what stands for one, as mpremote uses it."""

    def __init__(self, port: "Transport") -> None:
        self._port = port
        self.write = port.write
        self.read = port.read
        self.close = port.close

    def inWaiting(self) -> int:  # noqa: N802 - mpremote's word
        return self._port.in_waiting


class Repl(SerialTransport):
    """Runs programs in the REPL behind a port that is open already, and that stays open.

    To a table that is not in SERVICE all of this is a damaged line, and does nothing. Every method
    that talks raises LinkError when the link breaks or the table says something else.
    """

    def __init__(self, port: "Transport", name: str = "") -> None:
        # Not SerialTransport's own: that one opens the port itself, by its name.
        self.serial = _Port(port)
        self.device_name = name
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.mounted = False
        self.is_pty = True  # it reads, and waits in that, instead of asking first what has come
        self._raw_port = port

    def enter(self, timeout_s: float = ENTER_S) -> bool:
        """Whether there is a REPL; what ran in it is interrupted, what was loaded stays."""
        self._raw_port.timeout = _STEP_S  # type: ignore[attr-defined]
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it got instead
                self.enter_raw_repl(soft_reset=False, timeout_overall=timeout_s)
                # A table that restarted takes earlier tries only now, and answers each: let it.
                while self.serial.read(_READ_BYTES):
                    pass
                self.enter_raw_repl(soft_reset=False, timeout_overall=timeout_s)
        except TransportError:
            with self.told():
                self.serial.write(b"\n")  # whatever it was, its next line shall be its own
            return False
        except OSError as error:
            raise self._broke(error) from error
        self._raw_port.timeout = ANSWER_S  # type: ignore[attr-defined]
        return True

    def run(self, program: str) -> bytes:
        """What `program` prints; raises LinkError when it fails there."""
        with self.told():
            printed: bytes = self.exec(program)
            return printed

    def leave(self, program: str) -> None:
        """Run a program that does not come back: one that resets the table."""
        with self.told(), contextlib.suppress(OSError):  # the port goes away with it
            self.exec_raw_no_follow(program)

    def value(self, expression: str) -> object:
        """What a Python expression comes to there."""
        with self.told():
            return self.eval(expression)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """What goes wrong inside is a LinkError; for mpremote's own methods."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1]
            raise LinkError(
                f"the table failed: {last}",
                where=self.device_name,
                next_step="update the firmware: tool and table should be of one version",
            ) from error
        except (TransportError, ValueError, SyntaxError, IndexError) as error:
            raise LinkError(
                f"the table answered something else: {error}",
                where=self.device_name,
                next_step="try again",
            ) from error
        except OSError as error:
            raise self._broke(error) from error

    def _broke(self, error: Exception) -> LinkError:
        return LinkError(
            f"the link broke: {error}",
            where=self.device_name,
            next_step="check the cable, then try again",
        )


def in_service(port: "Transport", name: str = "") -> Repl:
    """The REPL of a table in SERVICE; raises LinkError when it is not."""
    repl = Repl(port, name)
    if not repl.enter():
        raise LinkError("the table is not in SERVICE", where=name, next_step=NEXT_STEP)
    return repl
