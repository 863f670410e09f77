"""The rig's program: a tick every millisecond, and in the background a host that asks."""

import gc
import sys

import machine
import micropython

from inversion_table.contract import frame
from inversion_table.link.lines import LineBuffer
from inversion_table.link.usb_serial import UsbSerial
from table_rig import PROTOCOL, VERSION, contacts, faults, truth
from table_rig.lines import Lines, WiringError
from table_rig.motion import STRENGTH
from table_rig.table import HOME_MDEG, PlayedTable
from table_rig.targets import SensorPort

TICK_HZ = 1000
ROWS_A_MESSAGE = 10
_LINE_BYTES = 2048
_PRIMARY_HOLDER = 4
_MONITOR_HOLDER = 5
"""State machines; 0 and 1, on the other PIO, measure the motor's duty."""
_RUN_PULSE_MS = 2

BAD_REQUEST = -32_600
NO_METHOD = -32_601
BAD_PARAMETERS = -32_602


class App:
    """Answers requests; plays the table once the host has said how it is wired."""

    def __init__(self) -> None:
        self._usb = UsbSerial()
        self._lines = LineBuffer(_LINE_BYTES)
        self._table: PlayedTable | None = None
        self._timer: machine.Timer | None = None
        self._streaming = False
        self._run_low_ms = -1
        self._methods = {
            "hello": self._hello,
            "wire": self._wire,
            "table": self._use_table,
            "sensor": self._use_sensor,
            "seed": self._seed,
            "analog": self._calibrate_analog,
            "place": self._place,
            "press": self._press,
            "release": self._release,
            "estop": self._estop,
            "ankle_lock": self._ankle_lock,
            "fault": self._fault,
            "repair": self._repair,
            "power": self._power,
            "run_pin": self._run_pin,
            "truth": self._truth,
            "stream": self._stream,
            "rows": self._rows,
            "look": self._look,
            "force": self._force,
        }

    def run(self) -> None:
        """For ever."""
        while True:
            arrived = self._usb.read()
            if arrived:
                self._lines.feed(arrived)
            while self._lines.waiting():
                line = self._lines.take()
                if line is None or line.strip():
                    self._usb.write(self._answer(line))
            table = self._table
            if table is not None:
                table.background()
                self._follow_run_pulse(table)
                if self._streaming and table.rows.waiting() >= ROWS_A_MESSAGE:
                    self._send_rows(table)
            machine.idle()

    def stop(self) -> None:
        """No tick any more."""
        if self._timer is not None:
            self._timer.deinit()

    def _send_rows(self, table: PlayedTable) -> None:
        rows = [table.readable(row) for row in table.rows.take(ROWS_A_MESSAGE)]
        params = {"rows": rows, "lost": table.rows.lost}
        self._usb.write(frame.encode({"jsonrpc": "2.0", "method": "rows", "params": params}))

    def _answer(self, line: bytes | None) -> bytes:
        request_id = None
        try:
            if line is None:
                raise frame.FrameError("line too long")
            request = frame.decode(line)
            if not isinstance(request, dict):
                raise frame.FrameError("not a request")
            request_id = request.get("id")
            name = request.get("method")
            method = self._methods.get(str(name))
            if method is None:
                return _refusal(request_id, NO_METHOD, "no method %r" % name)
            result = method(request.get("params") or {})
        except frame.FrameError as error:
            return _refusal(request_id, BAD_REQUEST, str(error))
        except (ValueError, KeyError, TypeError, OSError) as error:
            return _refusal(request_id, BAD_PARAMETERS, "%s: %s" % (type(error).__name__, error))
        return frame.encode({"jsonrpc": "2.0", "id": request_id, "result": result})

    def _playing(self) -> PlayedTable:
        if self._table is None:
            raise ValueError("not wired yet: send wire first")
        return self._table

    # --- methods -----------------------------------------------------------------------------

    def _hello(self, params: dict) -> dict:
        return {
            "rig": VERSION,
            "protocol": PROTOCOL,
            "machine": sys.implementation._machine,
            "micropython": ".".join([str(part) for part in sys.implementation.version[:3]]),
            "faults": list(faults.KNOWN),
            "columns": list(truth.COLUMNS),
            "wired": self._table is not None,
        }

    def _wire(self, params: dict) -> dict:
        if self._table is not None:
            if params["pins"] == self._table.lines.pins:
                return {}
            raise WiringError("wired otherwise already: reset the rig first")
        if not hasattr(machine, "I2CTarget"):
            raise WiringError("this MicroPython has no machine.I2CTarget: 1.26 or newer has")
        pins = params["pins"]
        lines = Lines(pins)

        def ports(sensors: tuple) -> tuple:
            return (
                SensorPort(
                    _bus(pins["PRIMARY_SDA"], pins["PRIMARY_SCL"]),
                    pins["PRIMARY_SCL"],
                    pins["PRIMARY_SDA"],
                    _PRIMARY_HOLDER,
                    sensors[0],
                ),
                SensorPort(
                    _bus(pins["MONITOR_SDA"], pins["MONITOR_SCL"]),
                    pins["MONITOR_SCL"],
                    pins["MONITOR_SDA"],
                    _MONITOR_HOLDER,
                    sensors[1],
                ),
            )

        if _bus(pins["PRIMARY_SDA"], pins["PRIMARY_SCL"]) == _bus(
            pins["MONITOR_SDA"], pins["MONITOR_SCL"]
        ):
            raise WiringError("both sensors on one I2C peripheral")
        table = PlayedTable(lines, ports)
        gc.collect()
        self._table = table
        self._timer = machine.Timer(
            -1, mode=machine.Timer.PERIODIC, freq=TICK_HZ, callback=table.tick, hard=True
        )
        return {}

    def _use_table(self, params: dict) -> dict:
        table = self._playing()
        for name in params:
            if name not in table.parameters.NAMES:
                raise ValueError("no parameter %r" % name)
            setattr(table.parameters, name, int(params[name]))
        table.drivetrain.use(table.parameters)
        return {}

    def _use_sensor(self, params: dict) -> dict:
        table = self._playing()
        index = faults.ROLES.index(params["role"])
        table.sensors[index].use(params["errors"])
        if "strength" in params:
            table.motion.put(STRENGTH, int(params["strength"]))
        return {}

    def _seed(self, params: dict) -> dict:
        self._playing().seed(int(params["seed"]))
        return {}

    def _calibrate_analog(self, params: dict) -> dict:
        lines = self._playing().lines
        lines.analog_gain_q10[:] = [int(value) for value in params["gain_q10"]]
        lines.analog_offset_mv[:] = [int(value) for value in params["offset_mv"]]
        return {}

    def _place(self, params: dict) -> dict:
        table = self._playing()
        table.place(int(params.get("tilt_mdeg", HOME_MDEG)))
        self._force({})
        return {}

    def _press(self, params: dict) -> dict:
        self._playing().press(params["button"], int(params.get("ms", 0)))
        return {}

    def _release(self, params: dict) -> dict:
        self._playing().release(params["button"])
        return {}

    def _estop(self, params: dict) -> dict:
        hands = self._playing().contacts
        hands.estop_pressed = bool(params["pressed"])
        hands.refresh()
        return {}

    def _ankle_lock(self, params: dict) -> dict:
        hands = self._playing().contacts
        hands.ankle_locked = bool(params["locked"])
        hands.refresh()
        return {}

    def _fault(self, params: dict) -> dict:
        self._playing().faults.set(params["name"], params.get("parameters") or {})
        return {}

    def _repair(self, params: dict) -> dict:
        self._playing().faults.clear(params["name"])
        return {}

    def _power(self, params: dict) -> dict:
        table = self._playing()
        table.lines.power(bool(params["on"]))
        if not params["on"]:
            table.sensors_lose_power()
        return {}

    def _run_pin(self, params: dict) -> dict:
        table = self._playing()
        table.lines.pull_run(True)
        self._run_low_ms = table.now_ms
        return {}

    def _follow_run_pulse(self, table: PlayedTable) -> None:
        if self._run_low_ms >= 0 and table.now_ms - self._run_low_ms >= _RUN_PULSE_MS:
            self._run_low_ms = -1
            table.lines.pull_run(False)

    def _truth(self, params: dict) -> dict:
        return {"row": self._playing().truth()}

    def _stream(self, params: dict) -> dict:
        self._streaming = bool(params["on"])
        self._playing().rows.start()
        return {}

    def _rows(self, params: dict) -> dict:
        rows = self._playing().rows
        return {
            "rows": [PlayedTable.readable(row) for row in rows.take(ROWS_A_MESSAGE)],
            "lost": rows.lost,
        }

    def _look(self, params: dict) -> dict:
        table = self._playing()
        return {
            "levels": table.lines.levels(),
            "buzzer_hz": table.truth()[8],
            "reads": [port.reads for port in table.ports],
            "faults": table.faults.names(),
            "ms": table.now_ms,
        }

    def _force(self, params: dict) -> dict:
        """For the self-test: these contacts closed, and no others; these voltages."""
        table = self._playing()
        closed = params.get("closed")
        if closed is None:
            table.forced = -1
        else:
            mask = 0
            for name in closed:
                mask |= contacts.bit_of(name)
            table.forced = mask
        table.forced_current_mv = int(params.get("CURRENT", -1))
        table.forced_supply_mv = int(params.get("SUPPLY", -1))
        return {}


def _bus(sda: int, scl: int) -> int:
    """Which I2C peripheral has its lines there; WiringError if none has."""
    if sda % 2 or scl % 2 == 0 or (sda >> 1 & 1) != (scl >> 1 & 1):
        raise WiringError("no I2C peripheral has SDA on GP%d and SCL on GP%d" % (sda, scl))
    return sda >> 1 & 1


def _refusal(request_id: object, code: int, text: str) -> bytes:
    error = {"code": code, "message": text}
    return frame.encode({"jsonrpc": "2.0", "id": request_id, "error": error})


def run() -> None:
    """Until Ctrl-C."""
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        micropython.alloc_emergency_exception_buf(128)
    app = App()
    try:
        app.run()
    finally:
        app.stop()  # Ctrl-C: whoever wants the REPL gets a rig that holds nothing
