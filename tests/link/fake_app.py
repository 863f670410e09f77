"""An application that only remembers what it is asked for. Runs on CPython and MicroPython."""

from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.rest import RestWatch
from inversion_table.journal.last_fault import LastFault
from inversion_table.safety import limits
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer
from inversion_table.store.lock import PlanLock
from inversion_table.store.settings import KeptSettings
from inversion_table.store.values import StoreError


class FakeRecorder:
    lost_records = 0
    lost_pages = 0


class FakeProgramCheck:
    problem = ""


class FakeCalibration:
    """Keeps nothing; `refuse` is raised by the next replacement."""

    def __init__(self):
        self.calibrated = True
        self.refuse = None
        self.damaged = ""

    def to_dict(self):
        return {
            "calibrated": self.calibrated,
            "slot": "a",
            "damaged": self.damaged,
            "current": {"version": 3},
            "previous": None,
        }


class FakeHomeAngle:
    def __init__(self):
        self.measured = False
        self.primary_mdeg = 0
        self.monitor_mdeg = 0
        self.arrivals = []


class FakeBoard:
    def __init__(self):
        self.primary_imu = self.monitor_imu = self
        self.problem = ""

    def interpreter(self):
        return "1.28.0"

    def machine_name(self):
        return "Raspberry Pi Pico with RP2040"


class FakeRing:
    def span(self):
        return 3072, 71, 384


class FakeSource:
    """Bytes that are taken from the front."""

    def __init__(self, data):
        self.data = data

    @property
    def left(self):
        return len(self.data)

    def take(self, buffer):
        count = min(len(buffer), len(self.data))
        buffer[:count] = self.data[:count]
        self.data = self.data[count:]
        return count


class MemoryStore:
    """Values in memory; a name in `damaged` cannot be read, one in `full` not written."""

    def __init__(self):
        self.values = {}
        self.damaged = []
        self.full = []

    def load(self, name):
        if name in self.damaged:
            raise StoreError("%s is damaged" % name)
        return self.values.get(name)

    def save(self, name, value):
        if name in self.full:
            raise StoreError("no room")
        self.values[name] = value


class FakeFirmware:
    """A firmware in slot b, after one that was given up."""

    build = "0123456789abcdef"
    slot = "b"

    def note(self):
        return "the firmware 89abcdef01234567 was given up: ValueError"

    def to_dict(self):
        return {
            "version": "0.1.0",
            "build": self.build,
            "slot": self.slot,
            "since_s": 1_780_000_000,
            "starts_left": None,
            "previous": {"slot": "a", "build": "89abcdef01234567", "version": "0.1.0"},
            "fell": {"slot": "a", "build": "89abcdef01234567", "why": "ValueError", "told": True},
            "mpy": 0x1306,
        }


class FakeErrors:
    """One, that came of the laptop's wishes."""

    count = 1
    text = "Traceback (most recent call last):\nValueError: a mistake of ours"


class FakeApp:
    """Has what link/methods.py may use, and nothing else: any other use is an AttributeError."""

    def __init__(self):
        self.settings = limits.Settings()
        self.own_errors = FakeErrors()
        self.program = None
        self.inputs = Inputs()
        self.estimate = Estimate()
        self.wish = Wish()
        self.decision = Decision()
        self.sequencer = Sequencer()
        self.recorder = FakeRecorder()
        self.last_fault = LastFault()
        self.program_check = FakeProgramCheck()
        self.firmware = FakeFirmware()
        self.calibration = FakeCalibration()
        self.home_angle = FakeHomeAngle()
        self.primary_rest = RestWatch(0)
        self.monitor_rest = RestWatch(2)
        self.start_cause = 1
        self.unix_s = 0
        self.ticks = 1_073_741_823
        self.late_ticks = 3
        self.heap_free = 100_000
        self.sessions = []
        self.more = None
        self.below = None
        self.erasable = True
        self.data = b""
        self.store = MemoryStore()
        self.plan_lock = PlanLock(self.store, "fake-1")  # type: ignore[arg-type]
        self.kept_settings = KeptSettings(self.store)  # type: ignore[arg-type]
        self.board = FakeBoard()
        self.ring = FakeRing()
        self.clock_set_s = 0
        self.uptime = 4_000_000_000
        self.moving = False
        self.store_error = None
        self.calls = []

    def in_session(self):
        return self.moving

    def on_home_switch(self):
        return not self.moving

    def may_set(self):
        return not self.moving

    def pressed(self):
        return ["PAUSE"]

    def replace_settings(self, values, base):
        self.calls.append("replace_settings")
        if self.store_error is not None:
            raise self.store_error
        return self.kept_settings.replace(values, base)

    def replace_calibration(self, values):
        self.calls.append("replace_calibration")
        if self.calibration.refuse is not None:
            raise self.calibration.refuse
        return 4

    def uptime_ms(self):
        return self.uptime

    def fault_age_ms(self):
        return 61_000

    def unix_time_s(self):
        return self.unix_s

    def set_clock(self, unix_s):
        self.calls.append("set_clock")
        self.unix_s = unix_s

    def ask_return(self):
        self.calls.append("return")

    def ask_stop(self):
        self.calls.append("stop")

    def store_plan(self, plan, counter=None, seal=None):
        self.calls.append("store_plan")
        self.plan_lock.take(counter, seal)
        if self.store_error is not None:
            raise self.store_error
        self.program = Program(plan, self.settings.acceleration_mdeg_per_s2)

    def may_erase(self):
        return self.erasable

    def log_sessions(self, below):
        self.below = below
        return self.sessions, self.more

    def log_read(self, session, last, offset, length):
        self.calls.append("log_read")
        if session != 7 or last not in (None, 41):
            raise KeyError(session)
        return len(self.data), FakeSource(self.data[offset : offset + length])

    def log_pulled(self, session, last):
        self.calls.append("log_pulled")
        if self.store_error is not None:
            raise self.store_error
        if session != 7 or last != 41:
            raise KeyError(session)
