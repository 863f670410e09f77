"""Watching a table through whatever happens to the cable: asks, loses it, finds it again."""

import time
from collections.abc import Callable

from itable.errors import ItableError, LinkError, NoDeviceError, RefusedError
from itable.link.client import Client
from itable.link.models import Status
from itable.screen.watch import Link, View

ASK_S = 0.7
ATTEMPTS = 2
"""A table that is gone is told so within 1.4 s and the pause between two looks (RQ-149)."""
AGAIN_S = 0.5
_SMOOTH = 0.3


class Watcher:
    """Looks at the table once at each `look`; never raises for a link that is lost.

    `connect` opens the port and greets; it is called again while the table does not answer.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        client: Client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._client: Client | None = client
        self._clock = clock
        self._tried_s = 0.0
        self.error: ItableError | None = None
        """Why the last look found nothing; None when it found the table."""
        self.view = View(None, None, Link(client.name, heard_s=clock()), clock())

    def close(self) -> None:
        """Give the port back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def look(self) -> Status | None:
        """One look: the status, or None when the table does not answer."""
        view = self.view
        try:
            status = self._ask()
        except (LinkError, NoDeviceError) as error:
            self._lost(error)
            status = None
        else:
            if view.link.lost_s is not None:
                view.link.again += 1
            view.link.lost_s = None
            self.error = None
            view.link.heard_s = self._clock()
            view.status = status
        view.now_s = self._clock()
        return status

    def redraw(self) -> View:
        """The view as of now, without asking."""
        self.view.now_s = self._clock()
        return self.view

    def _ask(self) -> Status:
        link = self.view.link
        if self._client is None:
            now_s = self._clock()
            if now_s - self._tried_s < AGAIN_S:
                assert self.error is not None
                raise self.error
            self._tried_s = now_s
            self._client = self._connect()
            link.port = self._client.name
            self.view.limit_mdeg = None
        if self.view.limit_mdeg is None:
            self.view.limit_mdeg = self._limit(self._client)
        begun_s = self._clock()
        status = self._client.status()
        took_ms = (self._clock() - begun_s) * 1000
        if took_ms > ASK_S * 1000:
            link.lost += 1
        elif link.round_trip_ms:
            link.round_trip_ms += (took_ms - link.round_trip_ms) * _SMOOTH
        else:
            link.round_trip_ms = took_ms
        return status

    def _limit(self, client: Client) -> int | None:
        """The furthest that the table lets itself go."""
        try:
            return client.get_calibration().tilt_max_mdeg
        except RefusedError:
            return None

    def _lost(self, error: ItableError) -> None:
        link = self.view.link
        if self._client is not None:
            self._client.close()
            self._client = None
        if link.lost_s is None:
            link.lost_s = self._clock()
            link.lost += 1
        self.error = error
        link.why = error.what
        if isinstance(error, NoDeviceError):
            link.why = f"{error.what} (cable out, or no power)"
