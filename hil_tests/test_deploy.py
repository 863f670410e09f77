"""A new firmware on the table: it runs, or the old one does, whatever happens meanwhile."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inversion_table import VERSION, chooser
from inversion_table.contract.events import FIRMWARE_GIVEN_UP
from inversion_table.contract.records import Event, Header
from itable.deploy import pack, steps
from itable.errors import LinkError, RefusedError
from itable.firmware import manifest_of, package_folder
from table_bench.deploying import BROKEN, NOON_S, BenchPlace, Said, deploy, files_of, firmware
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable

pytestmark = pytest.mark.needs("bench:virtual")

PLAN = simple_plan((20, 5), name="kept")
NEW = "0.2.0"
OLD_MAIN = """\
import micropython

micropython.kbd_intr(-1)

from inversion_table import startup

startup.run()
"""


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Firmwares by version and by what is broken in them."""
    made: dict[tuple[str, ...], Path] = {}

    def get(version: str, *broken: str) -> Path:
        if (version, *broken) not in made:
            folder = tmp_path_factory.mktemp("firmware")
            made[(version, *broken)] = firmware(folder, version, *broken)
        return made[(version, *broken)]

    return get


@pytest.fixture(scope="session")
def deployed_flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flash of a chip that got its first firmware by a deployment, and a plan."""
    state_dir = tmp_path_factory.mktemp("deployed")
    source = package_folder()
    assert source is not None
    with VirtualTable(bare=True, state_dir=state_dir, provision=calibrated(1)) as table:
        table.advance(200)
        done = deploy(table, source)
        assert (done.slot, done.version, done.proved, done.previous) == ("a", VERSION, True, None)
        operator = Operator(table)
        operator.upload(PLAN)
        operator.close()
    return state_dir / "flash.bin"


@pytest.fixture
def make_deployed(deployed_flash: Path, tmp_path: Path) -> Iterator[Callable[..., Operator]]:
    """Make operators at tables that run from slot a; arguments: VirtualTable's, `ready`."""
    with ExitStack() as stack:
        count = 0

        def make(*, ready: bool = True, **arguments: object) -> Operator:
            nonlocal count
            count += 1
            state_dir = tmp_path / f"table{count}"
            state_dir.mkdir()
            shutil.copyfile(deployed_flash, state_dir / "flash.bin")
            operator = Operator(
                stack.enter_context(
                    VirtualTable(bare=True, state_dir=state_dir, **arguments)  # type: ignore[arg-type]
                )
            )
            if ready:
                operator.wait_for_state("HOME", 30_000)
            return operator

        yield make


@pytest.fixture
def deployed(make_deployed: Callable[..., Operator]) -> Operator:
    """Somebody at a table at home that runs from slot a, in SERVICE."""
    operator = make_deployed()
    operator.enter_service()
    return operator


def choose(
    operator: Operator, source: Path, starts: int = chooser.STARTS, flip: int | None = None
) -> None:
    """Copy a firmware into slot b, and let the next start take it; `flip`: with that bit wrong."""
    files = files_of(operator.table)
    content = bytearray(pack.make(source, files.mpy).content)
    if flip is not None:
        content[flip % len(content)] ^= 4
    files.copy("b", bytes(content))
    files.choose(chooser.made("b", starts, "a"))
    files.restart()
    operator.table.advance(1_000)


def assert_usable(operator: Operator, version: str, slot: str) -> None:
    """The plan is still there; START runs it, and it comes home."""
    operator.wait_for_state("HOME", 60_000)
    runs = operator.result("firmware.get")
    assert (runs["version"], runs["slot"]) == (version, slot)
    while operator.status()["firmware_note"].startswith("new firmware"):
        operator.wait(1)
    assert operator.status()["program"] == ""
    operator.press("START")
    operator.wait_for_tilt(-60)
    assert operator.status()["plan_name"] == "kept"
    operator.press("RETURN")
    operator.wait_for_state("HOME")


# --- it works -----------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-143")
def test_a_new_version_runs_and_says_so(deployed: Operator, sources: Callable[..., Path]) -> None:
    table = deployed.table
    done = deploy(table, sources(NEW))
    assert (done.slot, done.version, done.proved, done.changed) == ("b", NEW, True, True)
    assert done.previous is not None
    assert (done.previous["slot"], done.previous["version"]) == ("a", VERSION)
    hello = deployed.result("hello")
    assert (hello["firmware"], hello["build"], hello["slot"]) == (NEW, done.build, "b")
    assert deployed.result("firmware.get")["since_s"] >= NOON_S
    assert_usable(deployed, NEW, "b")
    header = next(record for record in deployed.records() if isinstance(record, Header))
    assert header.firmware == f"{NEW}+{done.build[:8]}"
    # The same again writes nothing, and the next one goes into the other slot.
    deployed.enter_service()
    before = len(table.flash_log)
    same = deploy(table, sources(NEW))
    assert (same.changed, same.build, same.slot) == (False, done.build, "b")
    deployed.wait_for_state("HOME", 30_000)
    assert len(table.flash_log) - before < 8  # the log's own, not a pack's hundreds
    deployed.enter_service()
    assert deploy(table, sources("0.3.0")).slot == "a"


def test_back_by_hand_to_the_one_before(deployed: Operator, sources: Callable[..., Path]) -> None:
    table = deployed.table
    place = BenchPlace(table)
    with pytest.raises(RefusedError, match="no firmware to go back to"):
        steps.go_back(place, Said())  # type: ignore[arg-type]
    deployed.wait_for_state("HOME", 30_000)
    deployed.enter_service()
    deploy(table, sources(NEW))
    deployed.enter_service()
    back = steps.go_back(place, Said())  # type: ignore[arg-type]
    assert (back.slot, back.version, back.proved) == ("a", VERSION, True)
    assert_usable(deployed, VERSION, "a")


@pytest.mark.requirement("RQ-142")
def test_nobody_is_moved_before_it_has_proved_itself(
    deployed: Operator, sources: Callable[..., Path]
) -> None:
    table = deployed.table
    choose(deployed, sources(NEW))
    deployed.wait_for_state("HOME", 20_000)
    for button in ("START", "JOG_DOWN"):
        table.press(button, 1_000)
        table.advance(2_000)
        status = deployed.status()
        assert "new firmware" in status["firmware_note"]
        assert (status["state"], status["refused"]) == ("HOME", "NOT_READY")
        assert table.truth.tilt_deg < -74
        assert not table.truth.relay_closed
    assert_usable(deployed, NEW, "b")


# --- it fails -----------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-141")
@pytest.mark.parametrize("broken", BROKEN)
def test_a_firmware_that_fails_is_given_up(
    deployed: Operator, sources: Callable[..., Path], broken: str
) -> None:
    table = deployed.table
    with pytest.raises(RefusedError, match="given up, and the one before it runs again"):
        deploy(table, sources(NEW, broken))
    assert_usable(deployed, VERSION, "a")
    runs = deployed.result("firmware.get")
    assert runs["fell"]["slot"] == "b"
    assert runs["starts_left"] is None
    assert "was given up" in deployed.status()["firmware_note"]
    if "raises" in broken:
        assert "broken" in runs["fell"]["why"]
    events = [record for record in deployed.records() if isinstance(record, Event)]
    assert FIRMWARE_GIVEN_UP in [event.code for event in events]
    if broken == "raises on import":
        deployed.enter_service()  # and a good one is taken afterwards
        assert deploy(table, sources(NEW)).proved
        assert deployed.result("firmware.get")["fell"] is None


@pytest.mark.requirement("RQ-139", "RQ-144")
def test_a_pack_that_is_damaged_after_copying_is_not_started(
    deployed: Operator, sources: Callable[..., Path]
) -> None:
    choose(deployed, sources(NEW), flip=random.Random(5).randrange(1 << 20))
    assert_usable(deployed, VERSION, "a")
    assert deployed.result("firmware.get")["fell"]["why"] == "it is damaged"


@pytest.mark.requirement("RQ-140")
@pytest.mark.parametrize("seed", range(3))
def test_a_pulled_cable_leaves_the_old_firmware(
    make_deployed: Callable[..., Operator], sources: Callable[..., Path], seed: int
) -> None:
    operator = make_deployed()
    operator.enter_service()
    rng = random.Random(seed)
    bytes_sent = rng.choice([rng.randrange(500, 3_000), rng.randrange(3_000, 240_000)])
    with pytest.raises(LinkError):
        deploy(operator.table, sources(NEW), cut_after=bytes_sent)
    if seed % 2:  # somebody gives up, and switches it off and on
        operator.table.power_cut()
        operator.table.power_on()
        assert_usable(operator, VERSION, "a")
    else:  # or plugs it in and tries again: it is still in SERVICE
        assert deploy(operator.table, sources(NEW)).proved
        assert_usable(operator, NEW, "b")


@pytest.mark.requirement("RQ-140")
@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_leaves_the_old_firmware_or_the_new_one(
    make_deployed: Callable[..., Operator], sources: Callable[..., Path], seed: int
) -> None:
    operator = make_deployed()
    table = operator.table
    operator.enter_service()
    rng = random.Random(seed)
    table.inject("flash_cut", after=rng.randrange(1, 900), done=rng.random())
    try:
        deploy(table, sources(NEW))
        ended = {NEW: "b"}
    except LinkError:
        ended = {VERSION: "a", NEW: "b"}
    table.clear_fault("flash_cut")
    if table.powered:
        table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME", 60_000)
    runs = operator.result("hello")["firmware"]
    assert_usable(operator, runs, ended[runs])


@pytest.mark.requirement("RQ-141")
def test_power_that_fails_in_the_trial_is_not_the_firmwares_fault(
    deployed: Operator, sources: Callable[..., Path]
) -> None:
    """Two such starts are forgiven; with the third it is given up, and the old one is there."""
    table = deployed.table
    choose(deployed, sources(NEW))
    for left in (2, 1):
        table.advance(2_000)
        assert deployed.result("firmware.get")["starts_left"] == left
        deployed.close()
        table.power_cut()
        table.power_on()
    assert_usable(deployed, NEW, "b")


# --- with somebody away from home ---------------------------------------------------------------


@pytest.mark.requirement("RQ-141", "RQ-144")
@pytest.mark.parametrize("broken", ["", "raises on import", "hangs before home"])
def test_head_down_in_the_trial_somebody_still_comes_home(
    deployed_flash: Path, tmp_path: Path, sources: Callable[..., Path], broken: str
) -> None:
    """The bed is head-down at a start on trial, which no session can have led to; it comes home."""
    shutil.copyfile(deployed_flash, tmp_path / "flash.bin")
    with VirtualTable(bare=True, state_dir=tmp_path) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME", 30_000)
        operator.enter_service()
        files = files_of(table)
        source = sources(NEW, broken) if broken else sources(NEW)
        files.copy("b", pack.make(source, files.mpy).content)
        files.choose(chooser.made("b", chooser.STARTS, "a"))
    with VirtualTable(bare=True, state_dir=tmp_path, start_tilt_deg=40.0) as table:
        operator = Operator(table)
        begin_ms = table.now_ms
        while not table.truth.at_home_switch:
            table.press("RETURN")  # whoever lies there presses it whenever nothing moves
            table.advance(5_000)
            assert table.now_ms - begin_ms < 300_000
        if broken:
            assert_usable(operator, VERSION, "a")
        else:
            assert_usable(operator, NEW, "b")


@pytest.mark.requirement("RQ-144")
def test_a_proved_firmware_is_not_left_while_somebody_is_away(
    make_deployed: Callable[..., Operator], sources: Callable[..., Path]
) -> None:
    """Ten starts head-down, by watchdog and by power: the same slot, each time."""
    operator = make_deployed()
    table = operator.table
    operator.enter_service()
    deploy(table, sources(NEW))
    operator.press("START")
    operator.wait_for_tilt(10)
    for number in range(10):
        if number % 2:
            table.inject("cpu_hangs")
            boots = table.boots
            while table.boots == boots:
                table.advance(50)
        else:
            operator.close()
            table.power_cut()
            table.power_on()
        table.advance(1_500)
        operator.close()
        assert operator.result("hello")["slot"] == "b"
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 120_000)
    assert_usable(operator, NEW, "b")


@pytest.mark.requirement("RQ-144")
def test_a_proved_firmware_that_cannot_be_loaded_any_more_gives_way(
    deployed: Operator, sources: Callable[..., Path]
) -> None:
    """As after another MicroPython was installed: whole, and yet its modules raise."""
    choose(deployed, sources(NEW, "raises on import"), chooser.PROVED)
    assert_usable(deployed, VERSION, "a")
    assert "ValueError: broken" in deployed.status()["firmware_note"]


@pytest.mark.requirement("RQ-141")
def test_a_first_firmware_that_fails_leaves_a_door(
    tmp_path: Path, sources: Callable[..., Path]
) -> None:
    """There is nothing to go back to, and no SERVICE: a moment for the REPL before each start."""
    with VirtualTable(bare=True, state_dir=tmp_path, provision=calibrated(1)) as table:
        table.advance(200)
        with pytest.raises(LinkError, match="did not come back"):
            deploy(table, sources(NEW, "raises on import"))
        done = deploy(table, sources("0.3.0"))
        assert (done.version, done.proved) == ("0.3.0", True)


# --- records and slots --------------------------------------------------------------------------


@pytest.mark.requirement("RQ-144")
@pytest.mark.parametrize("which", ["one", "other", "both"])
def test_a_damaged_record_still_starts_a_whole_firmware(
    deployed: Operator, sources: Callable[..., Path], which: str
) -> None:
    table = deployed.table
    deploy(table, sources(NEW))
    deployed.enter_service()
    files = files_of(table)
    damaged = {"one": (0,), "other": (1,), "both": (0, 1)}[which]
    for number in damaged:
        files.write(chooser.RECORD_PATHS[number], files.lines[number].replace(b'"us', b'"uz'))
    files.restart()
    table.advance(1_000)
    deployed.wait_for_state("HOME", 60_000)
    runs = deployed.result("hello")
    if len(damaged) == 1:
        assert (runs["firmware"], runs["slot"]) == (NEW, "b")
    assert_usable(deployed, runs["firmware"], runs["slot"])


@pytest.mark.requirement("RQ-144")
def test_with_both_packs_damaged_a_person_is_still_brought_home(
    deployed_flash: Path, tmp_path: Path, sources: Callable[..., Path]
) -> None:
    """Better a program with a flipped bit somewhere than none; it starts no session."""
    shutil.copyfile(deployed_flash, tmp_path / "flash.bin")
    with VirtualTable(bare=True, state_dir=tmp_path) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME", 30_000)
        operator.enter_service()
        deploy(table, sources(NEW))
        operator.enter_service()
        files = files_of(table)
        for slot in chooser.PACKS:
            content = files.read(chooser.pack_path(slot))
            at = content.index(b'"compiler"')
            files.remove(chooser.pack_path(slot))
            files.copy(slot, content[:at] + b"X" + content[at + 1 :])
    with VirtualTable(bare=True, state_dir=tmp_path, start_tilt_deg=30.0) as table:
        operator = Operator(table)
        operator.wait_for_state("STOPPED", 30_000)
        operator.press("RETURN")
        assert table.advance_until(lambda t: t.truth.at_home_switch, 120_000)
        operator.wait(5)
        status = operator.status()
        assert "about.json is damaged" in status["program"]
        operator.press("START")
        operator.wait(2)
        assert table.truth.tilt_deg < -74
        operator.enter_service()  # from the fault, too: it can be mended
        assert deploy(table, sources("0.3.0")).proved
        assert_usable(operator, "0.3.0", operator.result("hello")["slot"])


# --- older installations ------------------------------------------------------------------------


def test_single_files_become_a_slot(
    make_operator: Callable[..., Operator], sources: Callable[..., Path]
) -> None:
    """The bench's own table, whose program lies in single files: they stay to go back to."""
    operator = make_operator(entry=OLD_MAIN)
    operator.upload(PLAN)
    operator.enter_service()
    with pytest.raises(RefusedError, match="given up"):
        deploy(operator.table, sources(NEW, "raises on import"))
    assert_usable(operator, VERSION, "tree")
    operator.enter_service()
    done = deploy(operator.table, sources(NEW))
    assert (done.slot, done.proved) == ("a", True)
    assert done.previous is not None
    assert done.previous["slot"] == "tree"
    assert_usable(operator, NEW, "a")


def test_single_files_that_left_the_log_no_room_are_replaced(
    tmp_path: Path, sources: Callable[..., Path]
) -> None:
    """On a Pico the source tree and the log do not fit together: such a table refused START."""
    source = package_folder()
    assert source is not None
    there = {
        f"/inversion_table/{path.relative_to(source).as_posix()}": path.read_bytes()
        for path in source.rglob("*.py")
    }
    there |= {"/main.py": OLD_MAIN.encode(), "/firmware.manifest": manifest_of(source)}
    with VirtualTable(
        bare=True,
        state_dir=tmp_path,
        provision={**calibrated(1), **there},
        heap_kb=4_096,  # of the bench's own work: what is provided goes through its memory
    ) as table:
        operator = Operator(table)
        operator.wait_for_state("FAULT", 200_000)
        assert operator.status()["fault"] == "SETTINGS_CORRUPT"
        operator.enter_service()
    with VirtualTable(bare=True, state_dir=tmp_path) as table:
        operator = Operator(table)
        operator.wait_for_state("FAULT", 200_000)
        operator.enter_service()
        done = deploy(table, sources(NEW))
        assert (done.slot, done.proved, done.previous) == ("a", True, None)
        operator.upload(PLAN)
        assert_usable(operator, NEW, "a")
        operator.enter_service()
        files = files_of(table)
        assert not files.has_tree
        assert files.free_bytes() > 300_000
