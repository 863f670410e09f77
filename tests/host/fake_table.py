"""A table without firmware: the device's own server, with canned answers, behind a pty."""

import contextlib
import fcntl
import os
import select
import struct
import sys
import termios
import threading
import time
import tty
import zlib
from typing import Any

from inversion_table.contract import frame, messages, setting_steps
from inversion_table.contract.identity import settings_id
from inversion_table.link.server import Refusal, Server
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.log.held import held

STATUS: dict[str, Any] = {
    "state": "HOME",
    "tilt_mdeg": -75_000,
    "target_mdeg": -75_000,
    "goal_mdeg": -75_000,
    "rate_mdeg_per_s": 0,
    "tilt_valid": True,
    "tilt_error_mdeg": 120,
    "current_ma": 0,
    "supply_mv": 24_100,
    "fault": "NO_FAULT",
    "fault_patient": "All is well.",
    "fault_engineer": "no fault",
    "last_fault": None,
    "refused": "NO_FAULT",
    "refused_patient": "All is well.",
    "plan_id": "0123456789abcdef",
    "plan_name": "Test plan",
    "step": 0,
    "steps": 5,
    "session_ms": 0,
    "left_ms": 0,
    "step_left_ms": 0,
    "head_down_ms": 0,
    "head_down_max_ms": 360_000,
    "inputs": {
        "estop_pressed": False,
        "end_reached": False,
        "ankle_locked": True,
        "home_switch": True,
        "relay_closed": False,
    },
    "uptime_ms": 1000,
    "ticks": 100,
    "late_ticks": 0,
    "heap_free": 200_000,
    "log_lost": 0,
    "calibrated": True,
    "home_off_mdeg": 120,
    "program": "",
    "build": "0123456789abcdef",
    "firmware_note": "",
    "last_start": "power-up or brown-out",
    "unix_s": 0,
}


DEVICE: dict[str, Any] = {
    "micropython": "1.28.0",
    "machine": "Raspberry Pi Pico with RP2040",
    "clock_set_s": 0,
    "pressed": [],
    "imus": {"primary": "", "monitor": ""},
    "log_pages": 3072,
    "log_next": 100,
    "log_ahead": 384,
    "lock_problem": "",
    "errors": 0,
    "error": "",
}

WINDOW: dict[str, Any] = {
    "window": 5,
    "verdict": "still",
    "mean": [965_900, 0, 258_800, 0, 0, 0],
    "accel_scatter_ug": 1_000,
    "gyro_scatter_udps": 40_000,
    "accel_shift_ug": 100,
    "gyro_shift_udps": 9_000,
    "temperature_mdegc": 24_000,
    "ok": True,
    "tilt_mdeg": -75_000,
}


class FakeTable:
    """Answers as a table would; tests change its public attributes."""

    def __init__(self, logs=()):
        self.status = dict(STATUS)
        self.settings = limits.Settings()
        self.logs = dict(logs)  # session -> pages
        self.pulled = set()  # (session, last page)
        self.list_most = 16
        self.refuse_pulled = 0  # an error code
        self.contract = messages.contract_hash()
        self.firmware = "0.1.0"
        self.running = {
            "version": "0.1.0",
            "build": "0123456789abcdef",
            "slot": "a",
            "since_s": 1_780_000_000,
            "starts_left": None,
            "previous": None,
            "fell": None,
            "mpy": 0x1306,
        }
        self.plan = None
        self.busy = False
        self.calibration = {
            "calibrated": True,
            "tilt_max_mdeg": 60_000,
            "slot": "",
            "damaged": "",
            "current": None,
            "previous": None,
            "arrivals": [],
        }
        self.lock = {
            "locked": False,
            "key_id": "",
            "device": "fake-1",
            "counter": 0,
            "problem": "",
        }
        self.proved = False
        self.settings_damaged = False
        self.plan_problem = ""
        self.settings_put = []
        self.seals = []
        self.device = dict(DEVICE)
        self.windows = {"primary": dict(WINDOW), "monitor": dict(WINDOW)}
        self.refuse_calibration = ""
        self.put = []
        self.mute = False
        self.garbage = b""
        self.requests = []
        self.block_damage = 0  # so many blocks go out with a wrong byte
        self._server = Server(self._methods(), lambda: self.busy, lambda: 0)

    def answer(self, line):
        """The bytes that go back for one line."""
        if self.mute:
            return b""
        with contextlib.suppress(frame.FrameError):  # the server says so
            self.requests.append(frame.decode(line))
        reply, block = self._server.answer(line)
        out = self.garbage + reply
        data = bytes(block or b"")
        for at in range(0, len(data), messages.LOG_BLOCK_BYTES):
            part = data[at : at + messages.LOG_BLOCK_BYTES]
            crc = zlib.crc32(part)
            if self.block_damage:
                self.block_damage -= 1
                crc ^= 1
            out += struct.pack("<I", len(part)) + part + struct.pack("<I", crc)
        return out

    def _methods(self):
        return {
            "hello": self._hello,
            "firmware.get": lambda params: (self.running, None),
            "status": lambda params: (self.status, None),
            "plan.put": self._put,
            "plan.get": lambda params: ({"plan": None, "id": None}, None),
            "plan.list": lambda params: ({"plans": []}, None),
            "lock.get": lambda params: (self.lock, None),
            "session.return": lambda params: ({"state": "RETURNING"}, None),
            "session.stop": lambda params: ({"state": "STOPPED"}, None),
            "log.list": self._list,
            "log.read": self._read,
            "log.pulled": self._pulled,
            "clock.set": self._set_clock,
            "settings.get": self._settings,
            "settings.put": self._put_settings,
            "device.get": lambda params: (self.device, None),
            "imu.rest": lambda params: (self.windows, None),
            "calibration.get": lambda params: (self.calibration, None),
            "calibration.put": self._put_calibration,
        }

    def _hello(self, params):
        if params.get("contract") not in (None, self.contract):
            raise Refusal(messages.CONTRACT_MISMATCH, "", {"contract": self.contract})
        return {
            "contract": self.contract,
            "protocol": messages.PROTOCOL,
            "firmware": self.firmware,
            "build": self.running["build"],
            "slot": self.running["slot"],
            "device": "fake-1",
        }, None

    def _put(self, params):
        plan = plans.from_wire(params["plan"])
        problems = plans.check(plan, self.settings)
        if problems:
            data = {"problems": [problem.to_dict() for problem in problems]}
            raise Refusal(messages.PLAN_REFUSED, problems[0].text, data)
        self.plan = plan
        self.seals.append((params.get("counter"), params.get("seal")))
        return {"id": plan.plan_id()}, None

    def _list(self, params):
        below = params.get("below")
        entries: list[dict[str, Any]] = []
        for number, data in sorted(self.logs.items(), reverse=True):
            first, last = _ends(data)
            if below is not None and last >= below:
                continue
            if len(entries) == self.list_most:
                return {"sessions": entries, "more": entries[-1]["first"], "lost_records": 0}, None
            entries.append(
                {
                    "session": number,
                    "bytes": len(data),
                    "complete": True,
                    "first": first,
                    "last": last,
                    "pulled": (number, last) in self.pulled,
                }
            )
        return {"sessions": entries, "more": None, "lost_records": 0}, None

    def _read(self, params):
        data = self.logs.get(params["session"])
        if data is None or params.get("last") not in (None, _ends(data)[1]):
            raise Refusal(messages.NOT_FOUND, "session %d" % params["session"])
        part = data[params["offset"] : params["offset"] + params["length"]]
        reply = {name: params[name] for name in ("session", "offset")}
        return {**reply, "length": len(part), "total": len(data)}, part

    def _pulled(self, params):
        if self.refuse_pulled:
            raise Refusal(self.refuse_pulled, "log.pulled")
        self.pulled.add((params["session"], params["last"]))
        return {"pulled": True}, None

    def _set_clock(self, params):
        self.status["unix_s"] = params["unix_s"]
        return {"unix_s": params["unix_s"]}, None

    def _settings(self, params):
        bounds = {name: list(limits.SETTINGS[name]) for name in limits.SETTINGS}
        return {
            "settings": self.settings.to_dict(),
            "stored": self.settings.to_dict(),
            "id": settings_id(self.settings.to_dict()),
            "proved": self.proved,
            "damaged": self.settings_damaged,
            "bounds": bounds,
        }, None

    def _put_settings(self, params):
        new = limits.Settings.from_dict(params["settings"])
        problem = setting_steps.problem(self.settings.to_dict(), new.to_dict(), self.proved)
        if problem or params["base"] != settings_id(self.settings.to_dict()):
            raise Refusal(messages.SETTINGS_REFUSED, problem or "they were changed meanwhile")
        self.settings_put.append(params["settings"])
        self.settings = new
        self.settings_damaged = False
        return {"id": settings_id(new.to_dict()), "plan": self.plan_problem, "restarts_ms": 1}, None

    def _put_calibration(self, params):
        if self.refuse_calibration:
            raise Refusal(messages.CALIBRATION_REFUSED, self.refuse_calibration)
        self.put.append(params["calibration"])
        return {"version": 2, "restarts_ms": 300}, None


def _ends(data):
    """The numbers of the first and the last page."""
    pages = held(data)
    assert pages is not None
    return pages.base, pages.last


class PtyTable:
    """A FakeTable behind a real pty, served by a thread while the `with` block lasts."""

    def __init__(self, table, at_bytes=None, happens=None):
        """When `at_bytes` were sent, `happens(self)` is called once, between two bytes."""
        self.table = table
        self.sent_bytes = 0
        self._at_bytes = at_bytes
        self._happens = happens
        self._cut = False
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._wake_write, b"x")
        self._thread.join(5)
        assert not self._thread.is_alive()
        self.cut()
        for descriptor in (self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def cut(self):
        """Pull the cable. What it has carried before has arrived, if somebody reads there."""
        if not self._cut:
            self._cut = True
            quiet = 0
            for _ in range(3000):  # a busy computer may let the reader wait for long
                # The kernel hands it on in pieces: nothing for a moment is not yet nothing.
                quiet = 0 if self._under_way() else quiet + 1
                if quiet > 10:
                    break
                time.sleep(0.001)
            os.close(self._master)

    def _under_way(self):
        """Bytes that nobody has read yet at the other end."""
        count = fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4))
        return int.from_bytes(count, sys.byteorder)

    def _serve(self):
        buffer = b""
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            try:
                buffer += os.read(self._master, 4096)
            except OSError:  # whoever had the port is gone
                return
            while b"\n" in buffer and not self._cut:
                line, _, buffer = buffer.partition(b"\n")
                self._write(self.table.answer(line + b"\n"))
            if self._cut:
                return

    def _write(self, data):
        while data:
            part = data[:1024]
            if self._at_bytes is not None and self._happens is not None:
                part = part[: self._at_bytes - self.sent_bytes]
            if part:
                ready, _, _ = select.select([self._wake_read], [self._master], [])
                if ready:
                    return  # over, and nobody reads what is left
                count = os.write(self._master, part)
                self.sent_bytes += count
                data = data[count:]
            if self._at_bytes == self.sent_bytes and self._happens is not None:
                happens, self._happens = self._happens, None
                happens(self)
                if self._cut:
                    return
