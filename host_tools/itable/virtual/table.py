"""Opening a virtual table that has been calibrated and is ready at home."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from itable.errors import InputError, InternalError
from itable.files import require_writable
from itable.link.client import Client

if TYPE_CHECKING:
    from table_bench.virtual import VirtualTable

_BOOT_MAX_MS = 300_000
_READY_MAX_MS = 60_000
_STEP_MS = 250


@contextmanager
def opened(
    *, seed: int, rider_kg: float, state_dir: Path | None = None
) -> Iterator["VirtualTable"]:
    """A virtual table whose firmware has started; it is gone after the `with` block.

    Raises InputError when the bench is not installed, the rider is none or nothing can be written
    to `state_dir`, InternalError when the bench breaks.
    """
    try:
        from table_bench import factory
        from table_bench.physics import Rider
        from table_bench.virtual import BenchError, VirtualTable
    except ImportError as error:
        raise InputError(
            f"the virtual table is not installed ({error})",
            next_step="pip install 'inversion-table-controller[bench]'",
        ) from error
    try:
        rider = Rider(mass_kg=rider_kg)
    except ValueError as error:
        raise InputError(str(error), next_step="choose another --rider-kg") from error
    if state_dir is not None:
        require_writable(state_dir)
    try:
        with VirtualTable(
            seed=seed, rider=rider, state_dir=state_dir, provision=factory.calibrated(seed)
        ) as table:
            # A new table first prepares its flash, which takes a while of its own time.
            if not table.advance_until(lambda t: t.ticks > 0, _BOOT_MAX_MS, _STEP_MS):
                raise InternalError(
                    "the firmware did not start on the virtual table",
                    where=table.console.strip() or "it printed nothing",
                    next_step="run the bench's own tests: pytest hil_tests",
                )
            yield table
    except BenchError as error:
        raise InternalError(
            f"the virtual table broke: {error}",
            next_step="run it again; the same --seed does the same",
        ) from error


def stepped_client(table: "VirtualTable") -> Client:
    """A client whose waiting lets the table's time pass: the same run twice is the same run."""
    return Client(
        table.stepped_serial(timeout=0.05),
        name="virtual table",
        first_id=1,
        clock=lambda: table.now_ms / 1000,
    )


def wait_until_home(table: "VirtualTable", client: Client) -> None:
    """Let time pass until the table has tested itself and rests at home."""
    end_ms = table.now_ms + _READY_MAX_MS
    while client.status().state != "HOME":
        if table.now_ms > end_ms:
            status = client.status()
            raise InternalError(
                f"the virtual table did not get ready: {status.state}, {status.fault_engineer}",
                next_step="run the bench's own tests: pytest hil_tests",
            )
        table.advance(_STEP_MS)
