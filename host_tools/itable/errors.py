"""What can go wrong for a user: what happened, where, and what to do next."""

from itable import exits


class ItableError(Exception):
    """An error to be shown as it is: `what` happened, `where`, what to do `next_step`."""

    exit_code = exits.PROBLEM

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def to_dict(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {
            "exit_code": int(self.exit_code),
            "what": self.what,
            "where": self.where,
            "next": self.next_step,
        }


class InputError(ItableError):
    """Something that the user gave is wrong: a file, a session number, a folder."""


class UsageError(ItableError):
    """The command line is wrong."""

    exit_code = exits.USAGE


class NotClearedError(ItableError):
    """A patient is not screened, or needs the approval of a clinician."""

    exit_code = exits.NOT_CLEARED


class CalibrationFailedError(ItableError):
    """The calibration did not come off: no rest, too few, or none that goes with the others."""


class NoDeviceError(ItableError):
    """There is no table to talk to, or too many, or its port cannot be opened."""

    exit_code = exits.NO_DEVICE


class LinkError(ItableError):
    """The bytes did not come through: time-out, damaged data, cable pulled."""

    exit_code = exits.LINK_FAILED


class StoreError(ItableError):
    """What is kept on this computer cannot be opened, read or written."""


class LogChangedError(LinkError):
    """The table's log is no longer what it said: newer sessions overwrote older ones meanwhile."""


class MismatchError(ItableError):
    """Tool and table were built from different contracts."""

    exit_code = exits.MISMATCH


class InternalError(ItableError):
    """itable itself has a fault; with -v the traceback is printed."""

    exit_code = exits.INTERNAL


class RefusedError(ItableError):
    """The table answered with an error; `code` and `data` are its own words."""

    exit_code = exits.REFUSED

    def __init__(
        self, what: str, code: int, data: object = None, *, where: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.code = code
        self.data = data

    def to_dict(self) -> dict[str, object]:
        """As for any error, with the table's error code and data."""
        return {**super().to_dict(), "device_code": self.code, "device_data": self.data}
