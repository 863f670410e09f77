"""Results of the wire's methods as typed values; a test holds them against the contract."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from inversion_table.safety import limits


class Result(BaseModel):
    """What every result has in common: exactly the contract's fields, of exactly their types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Hello(Result):
    """Who answers: hash and number of its contract, versions, the device's own name."""

    contract: str
    protocol: int
    firmware: str
    build: str
    slot: str
    device: str


class FirmwareGet(Result):
    """The firmware that runs: its build, where it lies, since when (0: not known), what was before.

    `starts_left` while it is on trial; `previous`: slot, build, version; `fell`: what was given up
    before it, and why; `mpy`: sys.implementation._mpy.
    """

    version: str
    build: str
    slot: str
    since_s: int
    starts_left: int | None = None
    previous: dict[str, Any] | None = None
    fell: dict[str, Any] | None = None
    mpy: int


class LastFault(Result):
    """The last fault that was latched: how long ago, what the table did, what was measured."""

    code: int
    name: str
    age_ms: int
    state: str
    tilt_mdeg: int
    rate_mdeg_per_s: int
    current_ma: int
    supply_mv: int


class Status(Result):
    """What the table does now; units are in the names, `step` counts from 1 (0: none runs).

    `target_mdeg` is where the motion should be at this moment, `goal_mdeg` where it leads;
    `program` is what is wrong with the firmware's files, "" when nothing is; `firmware_note` what
    is to be told of the firmware: that it is on trial, or that another was given up;
    `last_start` is why the controller started, `unix_s` its clock (0: not set).
    """

    state: str
    tilt_mdeg: int
    target_mdeg: int
    goal_mdeg: int
    rate_mdeg_per_s: int
    tilt_valid: bool
    tilt_error_mdeg: int
    current_ma: int
    supply_mv: int
    fault: str
    fault_patient: str
    fault_engineer: str
    last_fault: LastFault | None = None
    refused: str
    refused_patient: str
    plan_id: str
    plan_name: str
    step: int
    steps: int
    session_ms: int
    left_ms: int
    step_left_ms: int
    head_down_ms: int
    head_down_max_ms: int
    inputs: dict[str, Any]
    uptime_ms: int
    ticks: int
    late_ticks: int
    heap_free: int
    log_lost: int
    calibrated: bool
    home_off_mdeg: int | None = None
    program: str
    build: str
    firmware_note: str
    last_start: str
    unix_s: int


class PlanPut(Result):
    """The id of the plan that the device now holds."""

    id: str


class PlanGet(Result):
    """The device's plan as it came over the wire; None when it has none."""

    plan: dict[str, Any] | None = None
    id: str | None = None


class PlanList(Result):
    """The plans that the device holds."""

    plans: list[dict[str, Any]]


class LockGet(Result):
    """Whether the table takes only sealed plans, by which key, and the last plan's number."""

    locked: bool
    key_id: str
    device: str
    counter: int
    problem: str


class SessionState(Result):
    """The state after a return or a stop was asked for."""

    state: str


class LogEntry(Result):
    """A session in the device's log: its pages by their sequence numbers, and what became of it.

    `complete`: its end is there; `pulled`: a host said that it keeps every page of it.
    """

    session: int
    bytes: int
    complete: bool
    first: int
    last: int
    pulled: bool


class LogList(Result):
    """Sessions in the device's log, newest first, and how many records it lost.

    `more`: older ones are told when asked for those below this page; None: these were the last.
    """

    sessions: list[LogEntry]
    more: int | None = None
    lost_records: int


class LogPulled(Result):
    """The device has noted that a host keeps the session."""

    pulled: bool


class LogRead(Result):
    """Which bytes of a session's log follow in blocks, of how many."""

    session: int
    offset: int
    length: int
    total: int


class ClockSet(Result):
    """What the table's clock says now, in seconds since 1970."""

    unix_s: int


class SettingsGet(Result):
    """The device's settings and the bounds of each.

    `stored` are kept, `settings` in use: lower while nothing is calibrated. `id` names the stored
    ones; `proved`: a session was done whole with them; `damaged`: a slot cannot be read.
    """

    settings: dict[str, int]
    stored: dict[str, int]
    id: str
    proved: bool
    damaged: bool
    bounds: dict[str, Any]

    def to_settings(self) -> limits.Settings:
        """The settings as the shared checks take them; raises SettingsError."""
        return limits.Settings.from_dict(self.settings)


class SettingsPut(Result):
    """The id of what is stored now, what is wrong with the plan in use by it, and the restart.

    `restarts_ms`: None when nothing was changed.
    """

    id: str
    plan: str
    restarts_ms: int | None = None


class DeviceGet(Result):
    """What a check-up asks for besides the status.

    `imus`: what is wrong with each, "" when it runs; `pressed`: names of buttons; `log_next`: the
    number of the next page of the log, of a ring of `log_pages` with `log_ahead` kept erased;
    `errors`: mistakes of the program since the start, `error`: the last one's traceback.
    """

    micropython: str
    machine: str
    clock_set_s: int
    pressed: list[str]
    imus: dict[str, str]
    log_pages: int
    log_next: int
    log_ahead: int
    lock_problem: str
    errors: int
    error: str


class RestWindow(Result):
    """One IMU's last window of two seconds: what it read, and whether the bed was still."""

    window: int
    verdict: str
    mean: list[int]
    accel_scatter_ug: int
    gyro_scatter_udps: int
    accel_shift_ug: int
    gyro_shift_udps: int
    temperature_mdegc: int
    ok: bool
    tilt_mdeg: int


class ImuRest(Result):
    """Both IMUs' last windows; `tilt_mdeg` is of now, where `ok`."""

    primary: RestWindow
    monitor: RestWindow


class CalibrationGet(Result):
    """The calibration in use and the one before it, as the table keeps them; what home was since.

    `arrivals`: [primary, monitor in mdeg off at home, temperature in mdegC] each, oldest first.
    """

    calibrated: bool
    tilt_max_mdeg: int
    slot: str
    damaged: str
    current: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None
    arrivals: list[list[int]]


class CalibrationPut(Result):
    """The version under which the table keeps it, and how soon it restarts to use it."""

    version: int
    restarts_ms: int


RESULTS: dict[str, type[Result]] = {
    "hello": Hello,
    "firmware.get": FirmwareGet,
    "status": Status,
    "plan.put": PlanPut,
    "plan.get": PlanGet,
    "plan.list": PlanList,
    "lock.get": LockGet,
    "session.return": SessionState,
    "session.stop": SessionState,
    "log.list": LogList,
    "log.read": LogRead,
    "log.pulled": LogPulled,
    "clock.set": ClockSet,
    "settings.get": SettingsGet,
    "settings.put": SettingsPut,
    "device.get": DeviceGet,
    "imu.rest": ImuRest,
    "calibration.get": CalibrationGet,
    "calibration.put": CalibrationPut,
}
