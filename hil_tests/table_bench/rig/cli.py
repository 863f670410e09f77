"""`python -m table_bench.rig`: put firmware on a rig, check its wires, calibrate it, draw it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from itable.errors import ItableError
from itable.files import write_whole
from table_bench.rig import wiring_table
from table_bench.rig.calibration import MILLIVOLTS, fit
from table_bench.rig.deploy import deploy
from table_bench.rig.picture import svg
from table_bench.rig.self_test import SelfTest
from table_bench.rig.table import RigTable
from table_bench.rig.wiring_table import WiringTableError
from table_bench.simulated.errors import BenchError

OK, FOUND, CANNOT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 0 = well, 1 = wires are wrong, 2 = cannot do that."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (BenchError, WiringTableError, ItableError, OSError) as error:
        print(f"rig: {error}", file=sys.stderr)
        return CANNOT
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m table_bench.rig", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="move every wire at one end, look at the other")
    _ports(check)
    check.set_defaults(act=_check)
    put = commands.add_parser("deploy", help="put the rig's firmware on a Pico")
    put.add_argument("--rig-port", required=True, metavar="PORT")
    put.set_defaults(act=_deploy)
    calibrate = commands.add_parser("calibrate", help="measure the two analog lines")
    _ports(calibrate)
    calibrate.add_argument("--out", type=Path, default=Path("rig-analog.json"), metavar="FILE")
    calibrate.set_defaults(act=_calibrate)
    picture = commands.add_parser("picture", help="draw a wiring table as SVG")
    _table(picture)
    picture.add_argument("--out", type=Path, default=Path("rig-wiring.svg"), metavar="FILE")
    picture.set_defaults(act=_picture)
    return parser


def _ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rig-port", metavar="PORT", help="the rig's serial port")
    parser.add_argument(
        "--controller-port",
        metavar="PORT",
        help="the controller's; without both, two processes are joined by simulated wires",
    )
    parser.add_argument("--analog", type=Path, metavar="FILE", help="what calibrate wrote")
    _table(parser)


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wiring",
        type=Path,
        default=wiring_table.BOARDS / "pico.toml",
        metavar="FILE",
        help="the wiring table (default: pico.toml of the bench)",
    )


def _open(options: argparse.Namespace) -> RigTable:
    return RigTable(
        wiring=options.wiring,
        rig_port=options.rig_port,
        controller_port=options.controller_port,
        analog=options.analog,
        check=False,
    )


def _check(options: argparse.Namespace) -> int:
    with _open(options) as table:
        print(
            f"rig {table.rig_versions['rig']}, MicroPython {table.rig_versions['micropython']} on"
            f" {table.rig_versions['machine']}; wiring {table.wiring.board},"
            f" {len(table.wiring.wires)} wires"
        )
        found = SelfTest(table).run()
    for line in found:
        print(f"  {line}")
    print(f"{len(found)} found" if found else "every wire is as the table says")
    return FOUND if found else OK


def _deploy(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        count = deploy(options.rig_port, Path(folder) / "files")
    print(f"{count} files are on the Pico at {options.rig_port}; it has started as a rig")
    return OK


def _calibrate(options: argparse.Namespace) -> int:
    with _open(options) as table:
        found = fit(SelfTest(table).measure_analog(MILLIVOLTS))
    write_whole(options.out, json.dumps(found, indent=1).encode() + b"\n")
    print(f"{options.out}: gain_q10 {found['gain_q10']}, offset_mv {found['offset_mv']}")
    return OK


def _picture(options: argparse.Namespace) -> int:
    table = wiring_table.load(options.wiring)
    write_whole(options.out, svg(table).encode())
    print(f"{options.out}: {len(table.wires)} wires")
    return OK
