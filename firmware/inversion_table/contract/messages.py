"""Every method of the wire, its parameters and their ranges, and every error code: one definition.

JSON-RPC 2.0. A request names a method of `METHODS`; its parameters are checked against the
definition before anything else looks at them. `contract_hash` is exchanged by `hello`.
"""

import binascii
import hashlib

PROTOCOL = 1

# JSON-RPC's own errors, then ours.
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
BUSY = 1
PLAN_REFUSED = 2
NOT_FOUND = 3
CONTRACT_MISMATCH = 4
STORE_FAILED = 5
SEAL_REFUSED = 6
CALIBRATION_REFUSED = 8
SETTINGS_REFUSED = 9

ERROR_TEXTS = {
    PARSE_ERROR: "the line is damaged or is not JSON",
    INVALID_REQUEST: "not a JSON-RPC 2.0 request",
    METHOD_NOT_FOUND: "there is no such method",
    INVALID_PARAMS: "a parameter is missing or outside its range",
    INTERNAL_ERROR: "the device failed to do this",
    BUSY: "not while a session runs",
    PLAN_REFUSED: "the plan is outside this device's limits",
    NOT_FOUND: "there is no such thing on the device",
    CONTRACT_MISMATCH: "host and device speak different versions",
    STORE_FAILED: "the device could not store this",
    SEAL_REFUSED: "this table takes only plans that its clinic has sealed",
    CALIBRATION_REFUSED: "this calibration does not fit the table as it stands",
    SETTINGS_REFUSED: "the table does not take these settings",
}

LOG_BLOCK_BYTES = 4096
"""A session's bytes come in blocks of at most so many, each with its own CRC-32."""
LOG_LIST_MOST = 16
"""Sessions in one answer of `log.list`, so that it is a line however long the log is."""
RESTART_MS = 300
"""From a new calibration, or new settings, to the restart that takes them into use: the reply goes
out meanwhile."""
OPENINGS_MOST = 256
"""Lists and objects in one request, all counted: bounds its depth and the memory it takes. The
longest plan has 100."""
REPEAT_MS = 10_000
"""A request that acts, and comes again within this time of its reply, is not done again."""
ERROR_MOST = 600
"""Characters that are kept of a traceback: its end."""
REPLIES_KEPT = 4
"""So many of the last replies to requests that act are kept for that."""
COUNTER_MAX = 1_000_000_000
_U32_MAX = 0xFFFFFFFF
CLOCK_SET_FROM_S = 1_735_689_600
"""2025-01-01: a clock that says less was never set."""

# A parameter or field: (name, kind, lowest, highest); text bounds are lengths. Kinds: int, text,
# object, list, bool; a kind ending in "?" may be absent or null.
# A method: name -> (parameters, result fields, when it is answered). When: "any" time; "home",
# while nothing runs; "switch": the method itself asks for the home switch and no power.
METHODS = {
    "hello": (
        (("contract", "text?", 0, 64),),
        (
            ("contract", "text", 16, 16),
            ("protocol", "int", 1, 255),
            ("firmware", "text", 1, 32),
            ("build", "text", 0, 16),
            ("slot", "text", 0, 4),
            ("device", "text", 1, 32),
        ),
        "any",
    ),
    # The firmware that runs. `build`: 16 hex digits of its manifest's SHA-256, "" when there is
    # none; `starts_left`: while it is still on trial; `mpy`: which compiled files it takes.
    "firmware.get": (
        (),
        (
            ("version", "text", 1, 32),
            ("build", "text", 0, 16),
            ("slot", "text", 0, 4),
            ("since_s", "int", 0, _U32_MAX),
            ("starts_left", "int?", 0, 9),
            ("previous", "object?", 0, 0),
            ("fell", "object?", 0, 0),
            ("mpy", "int", 0, _U32_MAX),
        ),
        "any",
    ),
    "status": (
        (),
        (
            ("state", "text", 1, 16),
            ("tilt_mdeg", "int", -180_000, 180_000),
            ("target_mdeg", "int", -180_000, 180_000),
            ("goal_mdeg", "int", -180_000, 180_000),
            ("rate_mdeg_per_s", "int", -1_000_000, 1_000_000),
            ("tilt_valid", "bool", 0, 1),
            ("tilt_error_mdeg", "int", 0, 360_000),
            ("current_ma", "int", 0, 20_000),
            ("supply_mv", "int", 0, 40_000),
            ("fault", "text", 1, 32),
            ("fault_patient", "text", 0, 200),
            ("fault_engineer", "text", 0, 200),
            ("last_fault", "object?", 0, 0),
            ("refused", "text", 1, 32),
            ("refused_patient", "text", 0, 200),
            ("plan_id", "text", 0, 16),
            ("plan_name", "text", 0, 48),
            ("step", "int", 0, 65_535),
            ("steps", "int", 0, 65_535),
            ("session_ms", "int", 0, _U32_MAX),
            ("left_ms", "int", 0, _U32_MAX),
            ("step_left_ms", "int", 0, _U32_MAX),
            ("head_down_ms", "int", 0, _U32_MAX),
            ("head_down_max_ms", "int", 0, _U32_MAX),
            ("inputs", "object", 0, 0),
            ("uptime_ms", "int", 0, _U32_MAX),
            ("ticks", "int", 0, _U32_MAX),
            ("late_ticks", "int", 0, _U32_MAX),
            ("heap_free", "int", 0, _U32_MAX),
            ("log_lost", "int", 0, _U32_MAX),
            ("calibrated", "bool", 0, 1),
            ("home_off_mdeg", "int?", -180_000, 180_000),
            ("program", "text", 0, 200),
            ("build", "text", 0, 16),
            ("firmware_note", "text", 0, 200),
            ("last_start", "text", 1, 32),
            ("unix_s", "int", 0, _U32_MAX),
        ),
        "any",
    ),
    "plan.put": (
        (
            ("plan", "object", 0, 0),
            ("id", "text", 16, 16),
            ("counter", "int?", 1, COUNTER_MAX),
            ("seal", "text?", 64, 64),
        ),
        (("id", "text", 16, 16),),
        "home",
    ),
    "plan.get": ((), (("plan", "object?", 0, 0), ("id", "text?", 16, 16)), "home"),
    "plan.list": ((), (("plans", "list", 0, 0),), "home"),
    "lock.get": (
        (),
        (
            ("locked", "bool", 0, 1),
            ("key_id", "text", 0, 8),
            ("device", "text", 1, 32),
            ("counter", "int", 0, COUNTER_MAX),
            ("problem", "text", 0, 200),
        ),
        "home",
    ),
    "session.return": ((), (("state", "text", 1, 16),), "any"),
    "session.stop": ((), (("state", "text", 1, 16),), "any"),
    # Newest first. `below`: only sessions that end before that page; `more`: ask for these next.
    "log.list": (
        (("below", "int?", 0, _U32_MAX),),
        (
            ("sessions", "list", 0, LOG_LIST_MOST),
            ("more", "int?", 0, _U32_MAX),
            ("lost_records", "int", 0, _U32_MAX),
        ),
        "any",
    ),
    # `last`: the session's last page, as listed: it is then found at once, and for certain.
    # `length` bytes follow the reply in blocks; any other request ends them.
    "log.read": (
        (
            ("session", "int", 0, _U32_MAX),
            ("offset", "int", 0, _U32_MAX),
            ("length", "int", 1, _U32_MAX),
            ("last", "int?", 0, _U32_MAX),
        ),
        (
            ("session", "int", 0, _U32_MAX),
            ("offset", "int", 0, _U32_MAX),
            ("length", "int", 0, _U32_MAX),
            ("total", "int", 0, _U32_MAX),
        ),
        "any",
    ),
    # The host has all pages up to `last` of this session on its disk.
    "log.pulled": (
        (("session", "int", 0, _U32_MAX), ("last", "int", 0, _U32_MAX)),
        (("pulled", "bool", 0, 1),),
        "home",
    ),
    "clock.set": (
        (("unix_s", "int", CLOCK_SET_FROM_S, _U32_MAX),),
        (("unix_s", "int", 0, _U32_MAX),),
        "home",
    ),
    "settings.get": (
        (),
        (
            ("settings", "object", 0, 0),
            ("stored", "object", 0, 0),
            ("id", "text", 8, 8),
            ("proved", "bool", 0, 1),
            ("damaged", "bool", 0, 1),
            ("bounds", "object", 0, 0),
        ),
        "home",
    ),
    # `base`: the id of the stored settings that these were made from.
    "settings.put": (
        (("settings", "object", 0, 0), ("base", "text", 8, 8)),
        (
            ("id", "text", 8, 8),
            ("plan", "text", 0, 200),
            ("restarts_ms", "int?", 0, 10_000),
        ),
        "switch",
    ),
    "device.get": (
        (),
        (
            ("micropython", "text", 1, 64),
            ("machine", "text", 1, 96),
            ("clock_set_s", "int", 0, _U32_MAX),
            ("pressed", "list", 0, 0),
            ("imus", "object", 0, 0),
            ("log_pages", "int", 0, _U32_MAX),
            ("log_next", "int", 0, _U32_MAX),
            ("log_ahead", "int", 0, _U32_MAX),
            ("lock_problem", "text", 0, 200),
            ("errors", "int", 0, _U32_MAX),
            ("error", "text", 0, ERROR_MOST),
        ),
        "any",
    ),
    "imu.rest": (
        (),
        (("primary", "object", 0, 0), ("monitor", "object", 0, 0)),
        "any",
    ),
    "calibration.get": (
        (),
        (
            ("calibrated", "bool", 0, 1),
            ("tilt_max_mdeg", "int", 0, 90_000),
            ("slot", "text", 0, 1),
            ("damaged", "text", 0, 2),
            ("current", "object?", 0, 0),
            ("previous", "object?", 0, 0),
            ("arrivals", "list", 0, 0),
        ),
        "any",
    ),
    "calibration.put": (
        (("calibration", "object", 0, 0),),
        (("version", "int", 1, 1_000_000), ("restarts_ms", "int", 0, 10_000)),
        "switch",
    ),
}

ACTS = (
    "calibration.put",
    "clock.set",
    "log.pulled",
    "plan.put",
    "session.return",
    "session.stop",
    "settings.put",
)
"""Methods that do something. All others only tell, and may be asked twice as they are."""

_TYPES = {"int": int, "text": str, "object": dict, "list": list, "bool": bool}


def printable(value: object, most: int = 32) -> str:
    """`value`, which a host sent, as ASCII of at most `most` characters, to be sent back."""
    return "".join([char if " " <= char <= "~" else "?" for char in str(value)[:most]])


def field_problem(fields: tuple, values: dict) -> str:
    """What is wrong with `values` against a definition's fields; "" when nothing is."""
    names = [field[0] for field in fields]
    for name in values:
        if name not in names:
            return "there is no '%s' here" % printable(name)
    for name, kind, lowest, highest in fields:
        value = values.get(name)
        if value is None:
            if kind[-1] == "?":
                continue
            return "'%s' is missing" % name
        plain_kind = kind.rstrip("?")
        if type(value) is not _TYPES[plain_kind]:
            return "'%s' must be of kind %s" % (name, plain_kind)
        if isinstance(value, int) and plain_kind == "int" and not lowest <= value <= highest:
            return "'%s' must be from %d to %d" % (name, lowest, highest)
        if isinstance(value, str) and not lowest <= len(value) <= highest:
            return "'%s' must have %d to %d characters" % (name, lowest, highest)
    return ""


def contract_hash() -> str:
    """16 hex digits that change whenever methods, fields, ranges, bounds or error codes change."""
    text = "%d|%d|%d|%d|%r|" % (PROTOCOL, OPENINGS_MOST, REPEAT_MS, REPLIES_KEPT, ACTS)
    for name in sorted(METHODS):
        params, result, when = METHODS[name]
        text += "%s|%r|%r|%s\n" % (name, params, result, when)
    for code in sorted(ERROR_TEXTS):
        text += "%d %s\n" % (code, ERROR_TEXTS[code])
    return binascii.hexlify(hashlib.sha256(text.encode()).digest()).decode()[:16]
