"""From reset to the running application: read what is stored, build, start ticks, loop."""

import gc
import sys

import micropython

import inversion_table
from inversion_table import VERSION, heap, loading
from inversion_table.app import App
from inversion_table.board import JOURNAL_BLOCKS, Board
from inversion_table.chooser import LOAD_MOST_MS
from inversion_table.integrity import resets
from inversion_table.integrity.firmware import Firmware
from inversion_table.integrity.program import ProgramCheck, loaded_files, package_root
from inversion_table.journal.absent import AbsentRing
from inversion_table.journal.recorder import Recorder
from inversion_table.journal.ring import Ring
from inversion_table.link.lines import LineBuffer
from inversion_table.link.methods import Methods
from inversion_table.link.server import NO_MEMORY, Server
from inversion_table.link.stream import BlockStream
from inversion_table.safety import limits, states
from inversion_table.store.calibration import KeptCalibration
from inversion_table.store.lock import PlanLock
from inversion_table.store.settings import KeptSettings
from inversion_table.store.values import Store, StoreError

STORE_FOLDER = "/data"
JOURNAL_FOLDER = "/journal"
SERVICE_FLAG = "service"
CTRL_C = 3
NO_INTERRUPT = -1
START_AGAIN_MS = 2_000
REST_MS = 10
"""Between two passes of the background, unless something arrives or a log is being sent."""
SAID_MS = 20
"""What was printed leaves the port in this time: a reset at once would cut off the error's name."""


def run() -> None:
    """Run the controller. Returns only for SERVICE, to the REPL that starts after main.py.

    What need not be done before the first tick (RQ-152) is left to the background.
    """
    # A Ctrl-C from the host must not stop the program: RQ-130. main.py said so before it loaded.
    micropython.kbd_intr(NO_INTERRUPT)
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        micropython.alloc_emergency_exception_buf(128)
    loading.begin()
    board = Board()
    store = Store(STORE_FOLDER)
    firmware = Firmware(package_root(inversion_table.__file__))
    start_cause = board.start_cause()
    if _service_wanted(board, store):
        board.red.value(1)
        board.blue.value(1)
        micropython.kbd_intr(CTRL_C)
        board.mark(resets.IN_SERVICE)
        print("inversion table %s: SERVICE. The motor stays off; reset to leave." % VERSION)  # noqa: T201 - to the REPL
        return
    board.mark(resets.RUNNING)
    if firmware.on_trial:
        board.start_watchdog(LOAD_MOST_MS)  # it runs since before the first import
    try:
        app = build(board, store, start_cause, firmware)
        server = Server(
            Methods(app, board.device_name()).table, app.in_session, app.uptime_ms, app.note_error
        )
        lines = LineBuffer()
        stream = BlockStream(board.usb)
        _let_go_of_the_chooser()
        loading.let_go()
        app.heap_free = heap.loaded()
        board.start_watchdog()
        timer = board.start_ticks(app.tick, limits.TICK_MS)
    except BaseException as error:  # noqa: BLE001 - told, and then another start is tried
        _start_failed(board, error, firmware)
        return
    crash = None
    try:
        if _loop(board, app, server, lines, stream):
            store.save(SERVICE_FLAG, True)
            board.mark(resets.FOR_SERVICE)
    except BaseException as error:  # noqa: BLE001 - told, and then the chip restarts
        crash = error
    # Whatever happened: no tick that could drive again, no drive, no heartbeat. Then start afresh.
    timer.deinit()
    app.drive_off()
    if crash is not None:
        board.mark(resets.CRASHED)
        firmware.failed(crash)
        sys.print_exception(crash, sys.stderr)  # type: ignore[arg-type]
        board.sleep_ms(SAID_MS)
    board.reset()


def _start_failed(board: Board, error: BaseException, firmware: Firmware) -> None:
    """Nothing has driven, and nothing can: try again while somebody may be away from home.

    At home the REPL is left open, for what cannot start can be mended only from there (RQ-110). On
    trial the next start is the mending.
    """
    board.mark(resets.CRASHED)
    firmware.failed(error)
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
    board.alarm()
    board.sleep_ms(START_AGAIN_MS)
    if firmware.on_trial or not board.at_home_switch():
        board.reset()
    micropython.kbd_intr(CTRL_C)


def _loop(board: Board, app: App, server: Server, lines: LineBuffer, stream: BlockStream) -> bool:
    """The background, until SERVICE (True), or until there is to be another start.

    What arrived is taken in and answered, and a log that is being sent goes on, all from here: each
    call more takes stack that the tick needs (RQ-162). Whoever asks for more than there is memory
    for is told so; that, or a mistake of ours in what is done for a laptop, ends nothing else
    (RQ-165). Nor does a pass of the background that breaks off, unless they all do.
    """
    usb = board.usb
    while app.decision.state != states.SERVICE:
        if app.service_due():
            return True
        if app.restart_due():
            return False
        try:
            arrived = usb.read()
            if arrived:
                lines.feed(arrived)
            while lines.waiting():
                line = lines.take()
                if line is not None and not line.strip():
                    continue
                stream.stop()
                reply, source = server.answer(line)
                usb.write(reply)
                if source is not None:
                    stream.start(source, board.ticks_ms())
            stream.step(board.ticks_ms())
        except Exception as error:  # noqa: BLE001 - told; what was asked for is not done
            _break_off(app, usb, stream, error)
        try:
            app.background()
        except Exception as error:
            if app.broke_off(error):
                raise
        if stream.sending:
            board.idle()
        else:
            usb.wait(REST_MS)
    return True


def _break_off(app: App, usb, stream: BlockStream, error: Exception) -> None:
    """Give up what was being done for the laptop, and say so if there is no memory for it."""
    gc.collect()
    scarce = isinstance(error, MemoryError)
    if not scarce:
        app.note_error(error)
    try:
        stream.stop()
        if scarce:
            usb.write(NO_MEMORY)
    except Exception:  # noqa: BLE001 - one was kept already
        pass  # a host that hears nothing asks again


def build(board: Board, store: Store, start_cause: int, firmware: Firmware) -> App:
    """The application, with everything that is stored; nothing stored can keep it from starting.

    start_cause: why the controller started (contract.resets); firmware: what was loaded.
    """
    in_flash = _executed_in_flash(board, firmware)
    kept = KeptSettings(store)
    settings = kept.in_use()
    calibration = KeptCalibration(store)
    calibration.limit(settings)
    ring, proof = _ring(board, store)
    recorder = Recorder(ring, board.unix_time_s)
    app = App(
        board,
        ring,
        recorder,
        store,
        settings,
        kept,
        # Without a log nobody would know what was done: no session (RQ-105).
        kept.ok and calibration.ok and not isinstance(ring, AbsentRing),
        calibration,
        _program_check(firmware.manifest_path, in_flash),
        start_cause,
        firmware,
        proof,
    )
    plan = _plan(store, settings, app.plan_lock)
    if plan is not None:
        app.use_plan(plan)
    return app


def _executed_in_flash(board: Board, firmware: Firmware):
    """What code_in_flash.execute_there returns, of the pack that this program was loaded from."""
    from inversion_table.chooser import PACKS, pack_path

    if firmware.slot not in PACKS:
        return ()
    try:
        from inversion_table.code_in_flash import execute_there, memory_of

        return execute_there(
            memory_of(board.flash),
            pack_path(firmware.slot),
            package_root(inversion_table.__file__),
            firmware.build,
            board.at_home_switch(),
            board.show_progress,
        )
    except Exception as error:  # noqa: BLE001 - then all of it is executed in RAM
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
        return ()


def _let_go_of_the_chooser() -> None:
    """From here on there is either this program or a reset."""
    let_go = getattr(sys.modules.get("chooser"), "let_go", None)  # an older one has none
    if let_go is not None:
        let_go()


def _program_check(manifest_path: str, in_flash) -> ProgramCheck:
    """The check of the files that this program was loaded from (RQ-083), and of `in_flash`."""
    root = package_root(inversion_table.__file__)
    return ProgramCheck(
        root,
        lambda: loaded_files(sys.modules, inversion_table.__name__, root),
        manifest_path,
        in_flash,
    )


def _ring(board: Board, store: Store) -> tuple:
    """(the log's ring, the Proof of its place).

    Without a place for it the controller still starts, for somebody may be away from home. Laying
    out the flash for it erases, which stalls the chip: that is done only at home.
    """
    from inversion_table.journal.reserve import ReserveError, is_reserved, open_region

    try:
        if board.at_home_switch() or is_reserved(board.flash, JOURNAL_FOLDER, store):
            region, proof = open_region(
                board.flash, JOURNAL_FOLDER, store, JOURNAL_BLOCKS, board.show_progress
            )
            return Ring(region), proof
    except (ReserveError, StoreError, OSError):
        pass
    return AbsentRing(), None


def _service_wanted(board: Board, store: Store) -> bool:
    """The gesture was made before the reset, and the bed is at home. One start only (RQ-067)."""
    try:
        wanted = store.load(SERVICE_FLAG) is True
        if wanted:
            store.save(SERVICE_FLAG, False)
    except StoreError:
        return False
    return wanted and board.at_home_switch()


def _plan(store: Store, settings: limits.Settings, lock: PlanLock):
    """The stored plan, if it is whole, inside the limits and, on a locked table, sealed."""
    from inversion_table.session.plan import PlanError, check, from_wire

    try:
        stored = store.load("plan")
        if stored is None:
            return None
        wire, counter, seal = lock.unwrap(stored)
        plan = from_wire(wire)
    except (StoreError, PlanError):
        return None
    if check(plan, settings) or not lock.check_stored(plan, counter, seal):
        return None
    return plan
