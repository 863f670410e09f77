"""`itable firmware`: the manifest is what the device checks against."""

from inversion_table.contract import manifest
from itable import exits
from tests.project import gates

PACKAGE = gates.ROOT / "firmware" / "inversion_table"


def test_the_manifest_names_every_file(run, tmp_path):
    target = tmp_path / "firmware.manifest"
    result = run("firmware", "manifest", PACKAGE, "--out", target)
    assert result.exit_code == exits.OK, result.output
    lines = target.read_bytes().splitlines(keepends=True)
    assert lines[0] == manifest.FIRST_LINE
    named = {manifest.parse_line(line)[2] for line in lines[1:-1]}
    there = {f"inversion_table/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    assert named == there
    assert "inversion_table/safety/kernel.py" in named


def test_by_itself_it_takes_the_firmware_that_it_came_with(run, tmp_path):
    named, own = tmp_path / "named", tmp_path / "own"
    run("firmware", "manifest", PACKAGE, "--out", named)
    assert run("firmware", "manifest", "--out", own).exit_code == exits.OK
    assert own.read_bytes() == named.read_bytes()


def test_a_folder_without_firmware_is_told(run, tmp_path):
    result = run("firmware", "manifest", tmp_path)
    assert result.exit_code == exits.PROBLEM
    assert "there are no firmware files" in result.stderr
    assert "name the folder inversion_table" in result.stderr
