"""The client of one table: requests with time-outs and retries, replies checked and typed."""

import itertools
import os
import termios
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from inversion_table.contract import frame, messages
from itable import __version__
from itable.errors import LinkError, LogChangedError, MismatchError, RefusedError
from itable.link import models
from itable.link.reader import Damaged, Reader, TimedOut
from itable.link.transport import Transport

ResultT = TypeVar("ResultT", bound=models.Result)

ATTEMPTS = 3
TIMEOUT_S = 2.0

_NEXT_STEPS = {
    messages.BUSY: "wait until the table is home, or press RETURN; then try again",
    messages.PLAN_REFUSED: "change the plan; `itable plan check FILE --port PORT` uses the"
    " device's own limits",
    messages.NOT_FOUND: "`itable log list` shows what there is",
    messages.CALIBRATION_REFUSED: "let the bed stand still at home, nobody on it, and calibrate"
    " again",
    messages.SETTINGS_REFUSED: "`itable settings show` shows what may be set, and how far at once",
    messages.SEAL_REFUSED: "`itable lock status` shows which key this table has; seal the plan with"
    " it: --key FILE",
    messages.STORE_FAILED: "switch the table off and on at home, then try again",
    messages.INTERNAL_ERROR: "switch the table off and on at home; if it comes again, `itable"
    " firmware crash` may say where it fails: keep that and the log",
}


class Client:
    """Speaks to one table over `transport`, which it closes; times are seconds of `clock`.

    `first_id` makes a run repeatable to the byte.

    A lost line is asked for again with the same id, so that the device can tell a repeated
    request from a new one and does nothing twice.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        name: str = "",
        attempts: int = ATTEMPTS,
        timeout_s: float = TIMEOUT_S,
        first_id: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._transport = transport
        self._reader = Reader(transport, clock)
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._clock = clock
        # Replies to the program that ran before may still be under way: its ids are not ours.
        if first_id is None:
            first_id = int.from_bytes(os.urandom(2), "big") * 1000 + 1
        self._ids = itertools.count(first_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._transport.close()

    # --- methods of the wire -----------------------------------------------------------------

    def hello(self) -> models.Hello:
        """Greet the table; raises MismatchError when it was built from another contract."""
        ours = messages.contract_hash()
        try:
            answer = self._ask("hello", {"contract": ours}, None)
        except RefusedError as error:
            if error.code != messages.CONTRACT_MISMATCH:
                raise
            # Without a hash the table says what it is instead of judging what we are.
            answer = self._ask("hello", {}, None)
        if answer.get("contract") != ours:
            raise self._mismatch(answer)
        return self._typed("hello", answer, models.Hello)

    def greet(self) -> dict[str, Any]:
        """What the table says of itself, whatever contract it was built from; unchecked."""
        return self._ask("hello", {}, None)

    def get_firmware(self) -> models.FirmwareGet:
        """The firmware that runs, the one before it, and what was given up."""
        return self._call("firmware.get", {}, models.FirmwareGet)

    def status(self) -> models.Status:
        """What the table does now."""
        return self._call("status", {}, models.Status)

    def put_plan(
        self,
        plan: dict[str, Any],
        plan_id: str,
        counter: int | None = None,
        seal: str | None = None,
    ) -> models.PlanPut:
        """Store a plan in its wire form; RefusedError carries the device's reasons in `data`.

        A locked table wants a seal and the number that it was made with.
        """
        params: dict[str, Any] = {"plan": plan, "id": plan_id}
        if seal is not None:
            params.update(counter=counter, seal=seal)
        return self._call("plan.put", params, models.PlanPut)

    def get_lock(self) -> models.LockGet:
        """Whether the table takes only plans that a clinic's key has sealed."""
        return self._call("lock.get", {}, models.LockGet)

    def get_plan(self) -> models.PlanGet:
        """The plan that the table would run."""
        return self._call("plan.get", {}, models.PlanGet)

    def list_plans(self) -> models.PlanList:
        """The plans that the table holds."""
        return self._call("plan.list", {}, models.PlanList)

    def return_home(self) -> models.SessionState:
        """Send the person home; allowed at any time."""
        return self._call("session.return", {}, models.SessionState)

    def stop(self) -> models.SessionState:
        """Stop where it is; allowed at any time."""
        return self._call("session.stop", {}, models.SessionState)

    def list_log(self) -> models.LogList:
        """All sessions in the table's log, newest first, in as many answers as it takes."""
        answer = self._call("log.list", {}, models.LogList)
        sessions = list(answer.sessions)
        while answer.more is not None and answer.sessions:
            answer = self._call("log.list", {"below": answer.more}, models.LogList)
            sessions += answer.sessions
        return models.LogList(sessions=sessions, lost_records=answer.lost_records)

    def tell_pulled(self, session: int, last: int) -> models.LogPulled:
        """Tell the table that the session is kept here up to page `last`; only at home."""
        return self._call("log.pulled", {"session": session, "last": last}, models.LogPulled)

    def set_clock(self, unix_s: int) -> models.ClockSet:
        """Set the table's clock, in seconds since 1970; only at home."""
        return self._call("clock.set", {"unix_s": unix_s}, models.ClockSet)

    def get_settings(self) -> models.SettingsGet:
        """The table's settings and their bounds."""
        return self._call("settings.get", {}, models.SettingsGet)

    def put_settings(self, settings: dict[str, int], base: str) -> models.SettingsPut:
        """Keep settings, at home; the table then restarts, and this client's link ends.

        `base`: the id of the stored settings that these were made from.
        """
        params = {"settings": settings, "base": base}
        return self._call("settings.put", params, models.SettingsPut)

    def get_device(self) -> models.DeviceGet:
        """What a check-up asks for besides the status; allowed at any time."""
        return self._call("device.get", {}, models.DeviceGet)

    def rest(self) -> models.ImuRest:
        """What both IMUs read over the last two seconds; allowed at any time."""
        return self._call("imu.rest", {}, models.ImuRest)

    def get_calibration(self) -> models.CalibrationGet:
        """The calibration in use, the one before it, and how far home was off since."""
        return self._call("calibration.get", {}, models.CalibrationGet)

    def put_calibration(self, calibration: dict[str, Any]) -> models.CalibrationPut:
        """Keep a calibration, at home; the table then restarts, and this client's link ends."""
        return self._call("calibration.put", {"calibration": calibration}, models.CalibrationPut)

    def read_log(
        self, entry: models.LogEntry, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The bytes of a listed session from `offset` on, block by block, each checked.

        What comes damaged is asked for again. Ask nothing else before the last block. Raises
        LogChangedError when the session on the table is no longer the one that was listed.
        """
        end = entry.bytes if length is None else min(entry.bytes, offset + length)
        attempts = self._attempts
        while offset < end:
            params = {
                "session": entry.session,
                "last": entry.last,
                "offset": offset,
                "length": end - offset,
            }
            reply = self._call("log.read", params, models.LogRead)
            if reply.total != entry.bytes or reply.offset != offset or not reply.length:
                raise self._changed(entry)
            try:
                while offset < end:
                    size = min(messages.LOG_BLOCK_BYTES, end - offset)
                    block = self._reader.block(size, self._clock() + self._timeout_s)
                    offset += size
                    attempts = self._attempts
                    yield block
            except (TimedOut, Damaged):
                attempts -= 1
                if not attempts:
                    raise self._lost("log.read", "its data came damaged or not at all") from None
                self._reader.drop_input()

    # --- requests ----------------------------------------------------------------------------

    def request(
        self, method: str, params: dict[str, Any] | None = None, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """The checked result of a method; raises LinkError, RefusedError, MismatchError."""
        answer = self._ask(method, params or {}, timeout_s)
        self._check(method, answer)
        return answer

    def _call(self, method: str, params: dict[str, Any], kind: type[ResultT]) -> ResultT:
        return self._typed(method, self._ask(method, params, None), kind)

    def _typed(self, method: str, answer: dict[str, Any], kind: type[ResultT]) -> ResultT:
        self._check(method, answer)
        return kind.model_validate(answer)

    def _check(self, method: str, answer: dict[str, Any]) -> None:
        problem = messages.field_problem(messages.METHODS[method][1], answer)
        if problem:
            raise MismatchError(
                f"the table's answer to {method} is not what the contract says: {problem}",
                where=self.name,
                next_step="install tool and firmware of the same version",
            )

    def _ask(self, method: str, params: dict[str, Any], timeout_s: float | None) -> dict[str, Any]:
        number = next(self._ids)
        line = frame.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        wait_s = self._timeout_s if timeout_s is None else timeout_s
        for _ in range(self._attempts):
            self._send(line)
            try:
                reply = self._reply(number, self._clock() + wait_s)
            except TimedOut:
                continue
            if reply is None:
                continue
            if "error" in reply:
                raise self._refused(reply["error"])
            result = reply.get("result")
            if isinstance(result, dict):
                return result
        raise self._lost(method, f"no answer in {wait_s:g} s, asked {self._attempts} times")

    def _send(self, line: bytes) -> None:
        try:
            self._transport.write(line)
            self._transport.flush()
        except (OSError, termios.error) as error:  # pyserial lets the latter through from `flush`
            raise LinkError(
                f"the link broke: {error}",
                where=self.name,
                next_step="check the cable, then try again",
            ) from error

    def _reply(self, number: int, deadline_s: float) -> dict[str, Any] | None:
        """The reply to request `number`; None when the table says that a line came damaged."""
        while True:
            value = self._reader.value(deadline_s)
            if not isinstance(value, dict) or "method" in value:
                continue  # not a reply: an echo of our own line, or noise with a good CRC
            if value.get("id") == number:
                return value
            if value.get("id") is None and isinstance(value.get("error"), dict):
                return None

    def _refused(self, error: object) -> RefusedError:
        fields = error if isinstance(error, dict) else {}
        code = fields.get("code")
        code = code if isinstance(code, int) else messages.INTERNAL_ERROR
        what = fields.get("message") or messages.ERROR_TEXTS.get(code) or f"error {code}"
        return RefusedError(
            f"the table refused: {what}",
            code,
            fields.get("data"),
            where=self.name,
            next_step=_NEXT_STEPS.get(code, "update the tool or the firmware: they should agree"),
        )

    def _changed(self, entry: models.LogEntry) -> LogChangedError:
        return LogChangedError(
            f"session {entry.session} changed on the table while it was read",
            where=self.name,
            next_step="pull it again; nothing was lost",
        )

    def _lost(self, method: str, why: str) -> LinkError:
        return LinkError(
            f"the table did not answer {method}: {why}",
            where=self.name,
            next_step="check that it is a table, that it is switched on, and the cable",
        )

    def _mismatch(self, answer: dict[str, Any]) -> MismatchError:
        theirs = str(answer.get("firmware") or "unknown")
        order = _compare(theirs, __version__)
        if order < 0:
            next_step = f"update the firmware: it is {theirs}, this itable is {__version__}"
        elif order > 0:
            next_step = f"update itable: it is {__version__}, the firmware is {theirs}"
        else:
            next_step = (
                f"both say version {__version__}, but one was built from changed sources:"
                " install both from the same tree"
            )
        return MismatchError(
            f"tool and table speak different versions (contract {messages.contract_hash()} here,"
            f" {answer.get('contract', 'none')} there)",
            where=self.name,
            next_step=next_step,
        )


def _compare(left: str, right: str) -> int:
    """-1, 0 or 1 as version `left` is older than, the same as, or newer than `right`."""
    numbers = [
        tuple(int(part) if part.isdigit() else 0 for part in version.split("+")[0].split("."))
        for version in (left, right)
    ]
    return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
