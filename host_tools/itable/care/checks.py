"""What a table tells of itself, held against what is well: pure, one function for each thing."""

from collections.abc import Iterator
from dataclasses import dataclass

from inversion_table.contract.resets import CAUSES, CRASH
from inversion_table.estimation.rest import ACCEL_SCATTER_MAX_UG, GYRO_SCATTER_MAX_UDPS
from inversion_table.safety import limits
from itable.care import clock
from itable.care.findings import BAD, GOOD, NOTE, TODO, Finding
from itable.care.settings import SETTINGS, bolder
from itable.link.models import (
    CalibrationGet,
    DeviceGet,
    ImuRest,
    LogList,
    SettingsGet,
    Status,
)
from itable.log.words import state_words

QUIET = ("HOME", "FAULT", "SELF_TEST")
SUPPLY_WELL_MV = (22_000, 28_000)
"""24 V, as far as a sound supply strays; below 19 V the table goes home (RQ-030)."""
OLD_DAYS = 365
"""Nobody has measured how fast a calibration ages: home is measured at each arrival (RQ-114)."""
WARM_MDEGC = 10_000
"""So far from its temperature a calibration holds what it promises (estimation/warmth.py)."""
AGREE_MDEG = limits.DISAGREEMENT_MDEG // 2
HOME_OFF_MDEG = limits.HOME_DRIFT_MAX_MDEG // 2
DRIFT_S_PER_DAY = 20.0
"""A crystal of 30 ppm makes 2.6 s; ten times that is none any more."""
FEW_SESSIONS = 10
SESSION_PAGES = 34
"""A ten-minute session (RQ-122)."""
BLOCK_PAGES = 16
HEAP_FEW_BYTES = 20_000
ON_TRIAL = "new firmware"
"""How the table's note begins while a firmware is on trial (integrity/firmware.py)."""
DAY_S = 86_400
_NEVER_WELL = ("watchdog", CAUSES[CRASH], "brown-out", "unknown")


@dataclass(frozen=True)
class Snapshot:
    """Everything that was asked; what a session forbids to ask is None."""

    status: Status
    device: DeviceGet
    rest: ImuRest
    calibration: CalibrationGet
    log: LogList
    reading: clock.Reading
    now_s: float
    settings: SettingsGet | None = None
    pressed: tuple[str, ...] = ()
    """Buttons that read as pressed in every look."""
    round_trip_ms: float = 0.0

    @property
    def at_home(self) -> bool:
        """At rest on its home switch."""
        return self.status.state in QUIET and bool(self.status.inputs.get("home_switch"))


def all_checks(seen: Snapshot) -> Iterator[Finding]:
    """Every check, those first that keep a table from starting."""
    yield state(seen)
    yield link(seen)
    yield program(seen)
    yield firmware(seen)
    yield settings(seen)
    yield calibration(seen)
    yield from imus(seen)
    yield contacts(seen)
    yield relay(seen)
    yield buttons(seen)
    yield supply(seen)
    yield log(seen)
    yield the_clock(seen)
    yield last_fault(seen)
    yield last_start(seen)
    yield errors(seen)
    yield memory(seen)


def state(seen: Snapshot) -> Finding:
    """What the table does, and the fault that holds it."""
    status = seen.status
    if status.fault != "NO_FAULT":
        return Finding(
            "state",
            BAD,
            f"{status.fault}: {status.fault_engineer}",
            status.fault_patient + " A fault is forgotten at home, once its cause is gone.",
        )
    if status.state not in QUIET:
        return Finding(
            "state",
            NOTE,
            f"{state_words(status.state)}: a session runs, and some things are only told at home",
        )
    if not status.plan_name:
        return Finding("state", NOTE, "at home, without a plan: START does nothing")
    return Finding("state", GOOD, f"at home, ready with '{status.plan_name}'")


def link(seen: Snapshot) -> Finding:
    """How quickly it answers."""
    says = f"an answer takes {seen.round_trip_ms:.0f} ms"
    if seen.round_trip_ms > 250:
        return Finding("link", TODO, says, "try another cable, and no hub between")
    return Finding("link", GOOD, says)


def program(seen: Snapshot) -> Finding:
    """The firmware's own check of its files."""
    if seen.status.program:
        return Finding("program", BAD, seen.status.program, "`itable deploy` puts it on anew")
    return Finding("program", GOOD, "every file is as its manifest says")


def firmware(seen: Snapshot) -> Finding:
    """Which build runs; that it is on trial, or that another one was given up."""
    note = seen.status.firmware_note
    if note.startswith(ON_TRIAL):
        return Finding("firmware", NOTE, note)
    if note:
        return Finding(
            "firmware",
            TODO,
            note,
            "what runs is the one before it, and can be used; `itable firmware show` says more,"
            " `itable deploy` puts another one on",
        )
    return Finding("firmware", GOOD, f"build {seen.status.build or 'not known'}")


def settings(seen: Snapshot) -> Finding:
    """Whole, and how far beyond what the table came with."""
    told = seen.settings
    if told is None:
        return Finding("settings", NOTE, "only told at home")
    if told.damaged:
        return Finding(
            "settings",
            BAD,
            "what is stored is damaged: nothing starts",
            "`itable settings reset`, then set again what was set",
        )
    workshop = {setting.key: setting.workshop for setting in SETTINGS}
    further = bolder(workshop, told.stored)
    if further:
        names = ", ".join(f"{each.name} {each.shown(told.stored[each.key])}" for each in further)
        return Finding("settings", NOTE, f"beyond what the table came with: {names}")
    return Finding("settings", GOOD, f"whole, id {told.id}")


def calibration(seen: Snapshot) -> Finding:
    """Present, whole, how old, how far home has moved, how far from its temperature."""
    told = seen.calibration
    if told.damaged:
        return Finding(
            "calibration",
            BAD,
            f"slot {' and '.join(told.damaged)} is damaged: nothing starts",
            "`itable calibrate`",
        )
    if not told.calibrated:
        degrees = limits.UNCALIBRATED_TILT_MAX_MDEG // 1000
        return Finding(
            "calibration",
            TODO,
            f"none: the table limits itself to {degrees} deg head-down",
            "`itable calibrate`, with nobody on the table (a few minutes)",
        )
    says = []
    made_s = (told.current or {}).get("made_s")
    age_days = None
    if isinstance(made_s, int) and made_s > 0:
        age_days = int((seen.now_s - made_s) // DAY_S)
        says.append("made today" if age_days < 1 else f"{age_days} days old")
    off_mdeg = seen.status.home_off_mdeg
    if off_mdeg is not None:
        says.append(f"home reads {abs(off_mdeg) / 1000:.2f} deg off")
    apart_c = _apart_mdegc(seen) / 1000
    says.append(f"{apart_c:.0f} °C from where it was made")
    text = ", ".join(says)
    if off_mdeg is not None and abs(off_mdeg) > HOME_OFF_MDEG:
        most = limits.HOME_DRIFT_MAX_MDEG / 1000
        return Finding(
            "calibration",
            TODO,
            text,
            f"see that the sensors and the home switch sit tight, then `itable calibrate`: at"
            f" {most:g} deg nothing starts any more",
        )
    if age_days is not None and age_days > OLD_DAYS:
        return Finding("calibration", TODO, text, "`itable calibrate` when there is time")
    if apart_c * 1000 > WARM_MDEGC:
        return Finding(
            "calibration", NOTE, text + ": the table allows for it, and knows its tilt less well"
        )
    return Finding("calibration", GOOD, text)


def _apart_mdegc(seen: Snapshot) -> int:
    made = (seen.calibration.current or {}).get("temperature_mdegc")
    if not isinstance(made, list) or len(made) != 2:
        return 0
    windows = (seen.rest.primary, seen.rest.monitor)
    return max(
        abs(window.temperature_mdegc - then)
        for window, then in zip(windows, made, strict=True)
        if isinstance(then, int)
    )


def imus(seen: Snapshot) -> Iterator[Finding]:
    """Each answers and is quiet; both say the same."""
    windows = {"primary": seen.rest.primary, "monitor": seen.rest.monitor}
    well = True
    for role, window in windows.items():
        name = f"IMU {role}"
        problem = seen.device.imus.get(role, "")
        if problem or not window.ok:
            well = False
            yield Finding(
                name,
                BAD,
                problem or "it answers, and what it says is not believed",
                "see that its cable and its four wires sit tight; then switch the table off and on",
            )
            continue
        says = (
            f"answers, {window.temperature_mdegc / 1000:.0f} °C, noise"
            f" {window.accel_scatter_ug / 1000:.1f} mg and"
            f" {window.gyro_scatter_udps / 1_000_000:.2f} deg/s"
        )
        noisy = (
            window.accel_scatter_ug > ACCEL_SCATTER_MAX_UG
            or window.gyro_scatter_udps > GYRO_SCATTER_MAX_UDPS
        )
        if noisy and seen.at_home:
            yield Finding(
                name,
                TODO,
                says,
                "let nobody touch the table and look again; if it stays, the board is loose, or"
                " the sensor is worn out",
            )
        else:
            yield Finding(name, GOOD, says)
    if well:
        apart = abs(seen.rest.primary.tilt_mdeg - seen.rest.monitor.tilt_mdeg)
        says = f"they are {apart / 1000:.2f} deg apart"
        if apart > AGREE_MDEG:
            most = limits.DISAGREEMENT_MDEG / 1000
            yield Finding(
                "IMUs agree",
                TODO,
                says,
                f"see that both boards sit tight, then `itable calibrate`: at {most:g} deg it is"
                " a fault",
            )
        else:
            yield Finding("IMUs agree", GOOD, says)


def contacts(seen: Snapshot) -> Finding:
    """E-stop, end switch, ankle lock, home switch."""
    inputs = seen.status.inputs
    if inputs.get("estop_pressed"):
        return Finding(
            "switches",
            BAD,
            "the E-stop is pressed, or its wire is broken",
            "turn the E-stop to release it; if it is released, see to its wire and plug",
        )
    near_home = seen.status.tilt_valid and (
        abs(seen.status.tilt_mdeg - limits.HOME_TILT_MDEG) <= limits.HOME_TOLERANCE_MDEG
    )
    home = bool(inputs.get("home_switch"))
    if inputs.get("end_reached") and near_home:
        return Finding(
            "switches",
            BAD,
            "the outward end switch reads as reached, while the bed is at home",
            "its wire is broken or it sticks: see to it; nothing goes outward before",
        )
    if seen.status.state in QUIET and near_home != home and seen.status.tilt_valid:
        which = (
            f"the home switch is closed, and the bed reads {seen.status.tilt_mdeg / 1000:.1f} deg"
            if home
            else "the bed is at home, or nearly, and the home switch does not say so"
        )
        first = "" if home else "press RETURN; if that does not help, "
        return Finding(
            "switches",
            BAD,
            which,
            f"{first}see to the home switch, its lever and its wire; if they are sound,"
            " `itable calibrate`",
        )
    if not inputs.get("ankle_locked"):
        return Finding(
            "switches", NOTE, "the ankle lock is open: START is refused until it is closed"
        )
    where = "at home" if home else "away from home"
    return Finding(
        "switches", GOOD, f"E-stop released, ankle lock closed, end switch free, bed {where}"
    )


def relay(seen: Snapshot) -> Finding:
    """Its mirror contact, at rest."""
    closed = bool(seen.status.inputs.get("relay_closed"))
    if seen.status.state not in QUIET:
        return Finding("relay", GOOD, "closed" if closed else "open")
    if closed:
        return Finding(
            "relay",
            BAD,
            "it reads closed with nothing to close it: welded, or its mirror wire is broken",
            "press the E-stop and see to the relay and its mirror contact before anybody lies down",
        )
    return Finding("relay", GOOD, "open, as it must be at rest")


def buttons(seen: Snapshot) -> Finding:
    """None may be pressed in every look."""
    if seen.pressed:
        names = " and ".join(name.replace("_", " ") for name in seen.pressed)
        return Finding(
            "buttons",
            BAD if seen.status.fault == "BUTTON_STUCK" else TODO,
            f"{names} reads as pressed all the time",
            "let go of it; if nobody touches it, it sticks or its wire has a short: see to it",
        )
    return Finding("buttons", GOOD, "none is pressed")


def supply(seen: Snapshot) -> Finding:
    """The motor's supply, at rest."""
    volts = f"{seen.status.supply_mv / 1000:.1f} V"
    low, high = SUPPLY_WELL_MV
    if seen.status.supply_mv < limits.SUPPLY_LOW_MV:
        return Finding(
            "supply",
            BAD,
            f"{volts}: too low to start",
            "see to the 24 V supply, its fuse and plug (also the divider that measures it)",
        )
    if not low <= seen.status.supply_mv <= high:
        return Finding(
            "supply",
            TODO,
            f"{volts}, and it should be 24 V",
            "measure the supply; below 19 V under load the table breaks a session off",
        )
    return Finding("supply", GOOD, volts)


def log(seen: Snapshot) -> Finding:
    """Whether there is one, what it lost, and how soon what nobody has is overwritten."""
    if not seen.device.log_pages:
        return Finding(
            "log",
            BAD,
            "there is no log: nothing starts without it",
            "switch the table off and on at home: its place is laid out then; if that does not"
            " help, put the firmware on anew",
        )
    waiting = [entry for entry in seen.log.sessions if not entry.pulled]
    left = sessions_left(seen.device, seen.log)
    says = f"{len(seen.log.sessions)} sessions, {len(waiting)} of them not pulled"
    if left is not None:
        says += f"; room for about {left} more before the oldest of those is overwritten"
    if left is not None and left < FEW_SESSIONS:
        return Finding("log", TODO, says, "`itable log pull --all`")
    if seen.log.lost_records:
        return Finding(
            "log",
            TODO,
            f"{says}; {seen.log.lost_records} records found no place since the start",
            "pull the log, switch the table off and on at home; if it happens again, report it",
        )
    return Finding("log", GOOD, says)


def sessions_left(device: DeviceGet, listed: LogList) -> int | None:
    """How many sessions of ten minutes, or of the usual length here, fit before that.

    None: everything was pulled.
    """
    waiting = [entry for entry in listed.sessions if not entry.pulled]
    if not waiting or not device.log_pages:
        return None
    oldest = min(entry.first for entry in waiting)
    pages = oldest + device.log_pages - device.log_next - device.log_ahead - BLOCK_PAGES
    usual = [entry.last - entry.first + 1 for entry in listed.sessions if entry.complete]
    each = max(SESSION_PAGES, sum(usual) // len(usual)) if usual else SESSION_PAGES
    return max(0, pages // each)


def the_clock(seen: Snapshot) -> Finding:
    """Set, right, and steady."""
    says = clock.off_words(seen.reading).removeprefix("the table's clock ").removeprefix("is ")
    drift = clock.drift_words(seen.reading)
    if drift:
        says += f"; {drift}"
    if not seen.reading.right:
        return Finding("clock", TODO, says, "`itable time sync`, at home")
    per_day = seen.reading.drift_s_per_day
    off_s = abs(seen.reading.off_s or 0.0)
    if per_day is not None and abs(per_day) > DRIFT_S_PER_DAY and off_s > clock.SET_WITHIN_S:
        return Finding(
            "clock",
            TODO,
            says,
            "that is more than a sound crystal does: all times of the table are off by as much;"
            " have the board replaced",
        )
    return Finding("clock", GOOD, says)


def last_fault(seen: Snapshot) -> Finding:
    """What happened last, since the start."""
    last = seen.status.last_fault
    if last is None:
        return Finding("last fault", GOOD, "none since the start")
    return Finding(
        "last fault",
        NOTE,
        f"{last.name} {clock.span_words(last.age_ms / 1000)} ago, {state_words(last.state)} at"
        f" {last.tilt_mdeg / 1000:.1f} deg; `itable log pull`, then `itable log show` tells more",
    )


def last_start(seen: Snapshot) -> Finding:
    """Why the controller started last."""
    cause = seen.status.last_start
    since = clock.span_words(seen.status.uptime_ms / 1000)
    says = f"{cause}, {since} ago"
    if cause not in _NEVER_WELL:
        return Finding("last start", GOOD, says)
    do = {
        "watchdog": "the program hung: pull the log, keep it, and report it",
        CAUSES[CRASH]: "the program broke: pull the log, keep it, and report it",
        "brown-out": "the 5 V of the board sagged: see to its converter and its plugs",
    }.get(cause, "pull the log and keep it; if it happens again, report it")
    return Finding("last start", TODO, says, do)


def errors(seen: Snapshot) -> Finding:
    """Mistakes of the program since its start: it went on, but somebody should know."""
    if not seen.device.errors:
        return Finding("errors", GOOD, "the program met none in itself since its start")
    last = seen.device.error.splitlines()[-1] if seen.device.error else "not known"
    return Finding(
        "errors",
        TODO,
        f"{seen.device.errors} in the program since its start, the last: {last}",
        "`itable firmware crash` says where; keep that and the log, and report it",
    )


def memory(seen: Snapshot) -> Finding:
    """Free memory, and control ticks that came late."""
    status = seen.status
    says = f"{status.heap_free // 1024} KB free, {status.late_ticks} of {status.ticks} ticks late"
    if status.heap_free < HEAP_FEW_BYTES:
        return Finding(
            "memory", TODO, says, "switch the table off and on at home; if it comes back, report it"
        )
    return Finding("memory", GOOD, says)
