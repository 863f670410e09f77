"""JSON-RPC 2.0 over lines: finds the method, checks its parameters, answers every request once."""

from inversion_table.contract import frame, messages

ID_MOST_CHARACTERS = 64
DETAIL_MOST_CHARACTERS = 240
ID_BOUND = 1 << 53
"""A number up to this is the same in every JSON reader."""


class Refusal(Exception):
    """A method says no: one of `messages`' error codes, and data for the host (or None)."""

    def __init__(self, code: int, detail: str = "", data: object = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.data = data


def _reply(request_id: object, key: str, value: object) -> bytes:
    return frame.encode({"jsonrpc": "2.0", "id": request_id, key: value})


def _error(request_id: object, code: int, detail: str, data: object = None) -> bytes:
    text = messages.ERROR_TEXTS.get(code, "")
    detail = messages.printable(detail, DETAIL_MOST_CHARACTERS)  # it may repeat what a host sent
    error: dict = {"code": code, "message": text + (": " + detail if detail else "")}
    if data is not None:
        error["data"] = data
    return _reply(request_id, "error", error)


def _usable_id(request_id: object) -> bool:
    """An id that can be sent back as it came, in a line that is not too long."""
    if isinstance(request_id, str):
        return messages.printable(request_id, ID_MOST_CHARACTERS) == request_id
    return type(request_id) is int and -ID_BOUND <= request_id <= ID_BOUND


NO_MEMORY = _error(None, messages.INTERNAL_ERROR, "out of memory, or nested too deep")
"""Ready beforehand: there is none left to make it with."""


class NotLoaded(Exception):
    """What the method needs is not in memory: `more.load()` brings it there, `more.let_go()` away.

    The method is then called again. Loading takes much of the stack, on which the control tick runs
    too, so it is done where little of it is in use: not inside the method.
    """

    def __init__(self, more) -> None:
        super().__init__()
        self.more = more


LOADS_MOST = 4
"""So often a request may miss something; no method needs more than two things."""


class Done:
    """A request that acted: its id, the CRC-32 of its line, when it was answered, and how."""

    def __init__(self, request_id: object, crc: bytes, then_ms: int, reply: bytes) -> None:
        self.request_id = request_id
        self.crc = crc
        self.then_ms = then_ms
        self.reply = reply


class Server:
    """Answers lines. `methods`: name -> function(params: dict) -> (result, block or None).

    `in_session()` tells whether a session runs; methods marked "home" are then refused.
    `uptime_ms()` is a clock that does not wrap. `defect(error)` is told of an error that no host
    can be blamed for; without it such an error is raised.
    """

    def __init__(self, methods: dict, in_session, uptime_ms, defect=None) -> None:
        self._methods = methods
        self._in_session = in_session
        self._uptime_ms = uptime_ms
        self._defect = defect
        self._done: list = []

    def answer(self, line: bytes | None) -> tuple:
        """(reply line, block to follow it or None). Never raises for what a host sends (RQ-071).

        Nor for a mistake of ours on the way to the answer: somebody may be on the table (RQ-165).

        The method is called from here and not from further down: the control tick, which may come
        at any time, needs its part of the chip's 8 KB of stack (RQ-162).
        """
        request_id = None
        try:
            if line is None:
                return _error(
                    None,
                    messages.PARSE_ERROR,
                    "longer than %d bytes, or than there is memory for" % frame.MAX_LINE_BYTES,
                ), None
            if line.count(b"[") + line.count(b"{") > messages.OPENINGS_MOST:  # RQ-129
                return _error(
                    None,
                    messages.PARSE_ERROR,
                    "more than %d lists and objects" % messages.OPENINGS_MOST,
                ), None
            try:
                request = frame.decode(line)
            except frame.FrameError as error:
                return _error(None, messages.PARSE_ERROR, str(error)), None
            if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
                return _error(None, messages.INVALID_REQUEST, ""), None
            asked = request.get("id")
            if not _usable_id(asked):
                return _error(
                    None, messages.INVALID_REQUEST, "'id' must be a number or a short ASCII text"
                ), None
            request_id = asked
            name = request.get("method")
            acts = name in messages.ACTS
            crc = line.rstrip()[-frame.CRC_DIGITS :]
            if acts:
                reply = self._reply_before(request_id, crc)
                if reply is not None:
                    return reply, None
            more = None
            try:
                for _ in range(LOADS_MOST):
                    method, params = self._method(name, request.get("params"))
                    try:
                        result, block = method(params)
                        break
                    except NotLoaded as missing:
                        more = missing.more
                    more.load()
                else:
                    raise Refusal(messages.INTERNAL_ERROR, "its code does not stay in memory")
            except Refusal as refusal:
                return _error(request_id, refusal.code, refusal.detail, refusal.data), None
            except (OSError, MemoryError, RuntimeError) as error:
                return _error(request_id, messages.INTERNAL_ERROR, repr(error)), None
            finally:
                if more is not None:
                    more.let_go()
            reply = _reply(request_id, "result", result)
            if acts:
                self._keep(Done(request_id, crc, self._uptime_ms(), reply))
            elif name == "hello":
                self._done = []  # whoever greets begins anew, and may count its ids from 1 again
            return reply, block
        except (MemoryError, RuntimeError):  # RuntimeError: nested too deep for the stack
            return NO_MEMORY, None
        except Exception as error:
            if self._defect is None:
                raise
            self._defect(error)
            return _error(request_id, messages.INTERNAL_ERROR, repr(error)), None

    def _reply_before(self, request_id: object, crc: bytes) -> bytes | None:
        """The reply to this very request if it was done already: it was lost (RQ-128)."""
        now_ms = self._uptime_ms()
        for done in self._done:
            if (
                done.request_id == request_id
                and done.crc == crc
                and now_ms - done.then_ms <= messages.REPEAT_MS
            ):
                return done.reply
        return None

    def _keep(self, done: Done) -> None:
        """What was refused is not kept: it did nothing, and may be asked for again."""
        if len(self._done) >= messages.REPLIES_KEPT:
            self._done.pop(0)
        self._done.append(done)

    def _method(self, name: object, params: object) -> tuple:
        """(the method, its parameters) of a request that may be done now; raises Refusal."""
        if not isinstance(name, str) or name not in self._methods:
            detail = messages.printable(name) if isinstance(name, str) else ""
            raise Refusal(messages.METHOD_NOT_FOUND, detail)
        if params is None:
            params = {}
        if not isinstance(params, dict):
            raise Refusal(messages.INVALID_PARAMS, "'params' must be an object")
        fields, _, when = messages.METHODS[name]
        problem = messages.field_problem(fields, params)
        if problem:
            raise Refusal(messages.INVALID_PARAMS, problem)
        if when == "home" and self._in_session():  # RQ-062
            raise Refusal(messages.BUSY, name)
        return self._methods[name], params
