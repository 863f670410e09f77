"""`make bench-store`: what a therapist waits for with 10,000 sessions, on SQLite and PostgreSQL.

The pages of every session come from the virtual table: real MicroPython ran the templates below,
and the store took in what it logged as in a pull. The rows of those sessions are then copied in
bulk, with other numbers, days, endings and owners; patients, screenings and programmes are made one
by one by the store's own methods. Each command is a process of its own, from its start to its last
byte.

The best of some runs is held against the limit; where the computer has more to do than it has
processors, the time that the command kept one busy. Exits with 1 when a command that lists,
searches or charts takes longer.
"""

import argparse
import datetime
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from inversion_table.contract import records
from itable.clinic.contraindications import KEYS
from itable.clinic.ladder import Level, levels
from itable.clinic.outcome import Outcome
from itable.clinic.programme import Programme
from itable.log.about import About
from itable.plans.timeline import Sums
from itable.store.clinic import Clinic, Upload
from itable.store.clinic_schema import outcome, patient, session_patient, upload
from itable.store.schema import session, session_event, session_raw
from itable.store.sessions import Sessions
from tests.host import postgres

BIN = Path(sys.executable).parent
TEMPLATES = Path(__file__).parents[2] / "host_tools/itable/templates"
PLANS = ("beginner", "kim-2013-60deg")
PATIENTS, EACH = 400, 25
ROUNDS = 5
SEED = 20_260_101
MAY_TAKE_S = 1.0

ENDINGS = (
    # weight, what the END says, how much of the plan was done in percent, first fault
    (80, records.END_PLAN_DONE, 100, 0),
    (12, records.END_RETURN_PRESSED, 60, 0),
    (5, records.END_FAULT, 40, 9),
    (3, None, 30, 0),
)


@dataclass
class Filled:
    """A filled store: its name for --store, somebody in it, and the seconds that it took."""

    store: str
    patient: str
    session_id: int
    took_s: float
    megabytes: float


def real_pages(folder: Path) -> list[bytes]:
    """The pages of a session of each plan, as the firmware logged it on the virtual table."""
    found = []
    for name in PLANS:
        out = folder / name
        plan = TEMPLATES / f"{name}.toml"
        command = [str(BIN / "itable"), "demo", "--plan", str(plan), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        found.append((out / "session.itlog").read_bytes())
    return found


def fill(store: str, pages: list[bytes]) -> Filled:
    """PATIENTS patients with EACH sessions, over two years."""
    began = time.perf_counter()
    chance = random.Random(SEED)
    with Sessions(store) as kept:
        seeds = [kept.put(data, About(f"table-{at}")).id for at, data in enumerate(pages)]
    first_day = datetime.date(2024, 12, 1)
    with Clinic(store) as clinic:
        programmes = []
        for number in range(PATIENTS):
            name = f"P-{number:03d}"
            clinic.screen(name, dict.fromkeys(KEYS, "no"), "A. Weber")
            start = first_day + datetime.timedelta(days=number * 730 // PATIENTS)
            made = Programme(
                "beginner", start, levels(Level(20_000, 60_000), Level(45_000, 180_000), 8), 4, 1,
                60_000,
            )  # fmt: skip
            programmes.append((name, clinic.new_programme(name, made, replace=False), start))
        model = clinic.begin_upload(
            "P-000",
            Upload("table-0", "f" * 16, "x", "f" * 16, "text", "{}", Sums(1, 1, 1, 1)),
        )
        with clinic._begun() as connection:
            session_id = _copy(connection, chance, seeds, programmes, model)
            connection.execute(sa.delete(upload).where(upload.c.id == model))
    with (
        Clinic(store) as clinic,
        clinic._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        postgres = connection.dialect.name == "postgresql"
        connection.execute(sa.text("ANALYZE" if postgres else "PRAGMA optimize"))
        size = (
            connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
            if postgres
            else Path(store).stat().st_size
        )
    return Filled(
        store, f"P-{PATIENTS - 20:03d}", session_id, time.perf_counter() - began, size / 1e6
    )


def _copy(
    connection: sa.Connection,
    chance: random.Random,
    seeds: list[int],
    programmes: list[tuple[str, int, datetime.date]],
    model: int,
) -> int:
    """The rows of every session, copied from the seeds'; the id of one in the middle."""
    sources = [_row(connection, session, session.c.id == one) for one in seeds]
    raws = [_row(connection, session_raw, session_raw.c.session_id == one) for one in seeds]
    events = [
        [dict(row._mapping) for row in connection.execute(
            sa.select(session_event).where(session_event.c.session_id == one)
        )]
        for one in seeds
    ]  # fmt: skip
    given = _row(connection, upload, upload.c.id == model)
    owners = dict(connection.execute(sa.select(patient.c.name, patient.c.id)).all())
    weights = [ending[0] for ending in ENDINGS]
    next_id = max(seeds) + 1
    rows: dict[sa.Table, list[dict[str, object]]] = {
        table: []
        for table in (upload, session, session_raw, session_event, session_patient, outcome)
    }
    for name, programme_id, start in programmes:
        for index in range(EACH):
            day = start + datetime.timedelta(days=index // 4 * 7 + (0, 1, 3, 4)[index % 4])
            at = datetime.datetime.combine(day, datetime.time(9, chance.randrange(60)))
            seed = chance.randrange(len(seeds))
            _, reason, percent, fault = chance.choices(ENDINGS, weights)[0]
            source = sources[seed]
            head_down = int(source["head_down_ms"])
            plan_id = f"{next_id:016x}"
            done = None if reason is None else head_down * percent // 100
            plan_name = f"beginner w{index // 4 + 1}/8 ({name} {next_id:06x})"
            start_s = int(at.astimezone().timestamp())
            rows[upload].append({
                **given, "id": next_id, "patient_id": owners[name], "programme_id": programme_id,
                "week": index // 4 + 1, "at_s": start_s - 60, "plan_id": plan_id,
                "plan_name": plan_name, "code": f"{next_id:06x}"[-6:], "head_down_ms": head_down,
                "tilt_max_mdeg": source["max_tilt_mdeg"], "stored": True,
            })  # fmt: skip
            rows[session].append({
                **source, "id": next_id, "number": next_id, "mark": f"{next_id:032x}",
                "start_unix_s": start_s, "plan_id": plan_id, "plan_name": plan_name,
                "end_reason": reason, "end_fault": fault, "fault_count": 1 if fault else 0,
                "head_down_ms": done,
            })  # fmt: skip
            rows[session_raw].append({**raws[seed], "session_id": next_id})
            rows[session_event] += [{**event, "session_id": next_id} for event in events[seed]]
            rows[session_patient].append({
                "session_id": next_id, "patient_id": owners[name], "upload_id": next_id,
            })  # fmt: skip
            if chance.random() < 0.8:
                before = chance.randrange(2, 9)
                said = Outcome(before, max(0, before - chance.randrange(-1, 4)), 7, "")
                rows[outcome].append({"session_id": next_id, "at_s": start_s + 3600, **vars(said)})
            next_id += 1
    for table, values in rows.items():
        for first in range(0, len(values), 2000):
            connection.execute(sa.insert(table), values[first : first + 2000])
    return next_id - PATIENTS * EACH // 2


def _row(
    connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]
) -> dict[str, Any]:
    return dict(connection.execute(sa.select(table).where(where)).one()._mapping)


def commands(filled: Filled, folder: Path) -> dict[str, tuple[bool, list[str]]]:
    """What is measured: in words -> whether it must be quick, and the command."""
    who, one = filled.patient, f"@{filled.session_id}"
    return {
        "log list": (True, ["log", "list"]),
        "log list, all on the screen": (False, ["log", "list", "--last", "0"]),
        "log list --json, all": (True, ["log", "list", "--json"]),
        "log list, a patient": (True, ["log", "list", "--patient", who]),
        "log list, a patient's month, completed": (
            True,
            ["log", "list", "--patient", who, "--since", "2024-01-01", "--how", "completed"],
        ),
        "log list, faults": (True, ["log", "list", "--faults"]),
        "log list, a plan, shortened": (
            True, ["log", "list", "--plan", "w3/8", "--how", "shortened"],
        ),
        "patients, all": (True, ["patients"]),
        "patients, one": (True, ["patients", who]),
        "programme show": (True, ["programme", "show", who]),
        "report of a patient (HTML, charts)": (
            True, ["report", who, "--out", str(folder / "patient.html")],
        ),
        "report of a session": (True, ["report", one, "--out", str(folder / "session.html")]),
        "log show": (True, ["log", "show", one]),
        "export, all as CSV": (True, ["export", str(folder / "all.csv")]),
    }  # fmt: skip


# Run by -c: itable with the same words, and at its end the most memory that it ever had.
_AND_MEMORY = """
import atexit, re, sys
@atexit.register
def tell():
    status = open("/proc/self/status").read()
    sys.stderr.write(re.search(r"VmHWM:\\s*(\\d+)", status)[1])
from itable.cli import main
main()
"""


def run(command: list[str], store: str) -> subprocess.CompletedProcess[str]:
    """A command to its end; it must succeed."""
    env = {**os.environ, "ITABLE_STORE": store, "COLUMNS": "100"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def report(title: str, filled: Filled, folder: Path, rounds: int) -> tuple[Table, list[str]]:
    """Every command's best and slowest time, and the names of those that are too slow."""
    table = Table("command", "best", "median", "processor", "memory", "lines", title=title)
    late = []
    for name, (quick, command) in commands(filled, folder).items():
        times, busy = [], []
        for _ in range(rounds):
            began, worked = time.perf_counter(), _processor_s()
            done = run([str(BIN / "itable"), *command], filled.store)
            times.append(time.perf_counter() - began)
            busy.append(_processor_s() - worked)
        held = min(busy if others_work() else times)
        if quick and held >= MAY_TAKE_S:
            late.append(f"{name}: {held:.2f} s")
        kilobytes = run([sys.executable, "-c", _AND_MEMORY, *command], filled.store).stderr
        table.add_row(
            name,
            *(f"{took_s * 1000:.0f} ms" for took_s in (min(times), statistics.median(times))),
            f"{min(busy) * 1000:.0f} ms",
            f"{int(kilobytes.split()[-1]) / 1024:.0f} MB",
            str(done.stdout.count("\n")),
        )
    return table, late


def _processor_s() -> float:
    """What every command so far has kept the processor busy, the database's server excepted."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def others_work() -> bool:
    """Whether more wants to run than there are processors: then waiting is not itable's."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """An empty store of each kind that there is here: in words -> its name."""
    found = {"SQLite": str(folder / "store.sqlite")}
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        if server is not None:
            found["PostgreSQL"] = server.new_database()
        yield found


def main() -> None:
    """Fill each store, measure each command on it, say what was too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    console = Console(highlight=False)
    late = []
    with tempfile.TemporaryDirectory(prefix="itable-bench-") as name:
        folder = Path(name)
        console.print(f"running {', '.join(PLANS)} on the virtual table for their pages")
        pages = real_pages(folder)
        with stores(folder) as found:
            for kind, store in found.items():
                filled = fill(store, pages)
                title = (
                    f"{kind}: {PATIENTS * EACH:,} sessions of {PATIENTS} patients,"
                    f" {filled.megabytes:.0f} MB, filled in {filled.took_s:.0f} s"
                )
                table, slow = report(title, filled, folder, rounds)
                console.print(table)
                late += [f"{kind}, {one}" for one in slow]
            if others_work():
                console.print(f"others keep this computer busy (load {os.getloadavg()[0]:.1f})")
            if "PostgreSQL" not in found:
                console.print(f"[yellow]PostgreSQL was not measured:[/] {postgres.MISSING}")
    if late:
        raise SystemExit(f"slower than {MAY_TAKE_S:g} s: {'; '.join(late)}")


if __name__ == "__main__":
    main()
