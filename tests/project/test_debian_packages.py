"""What .ci/debian_packages does where something is missing: installs it, or says what is left."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "debian_packages"


def run(folder, user, apt_get=None):
    """Run it where the only programs are some of the shell's own and those given here."""
    for name, text in {
        "id": f"echo {user}",
        "ls": "exit 1",
        "timeout": 'shift; "$@"',
        **({} if apt_get is None else {"apt-get": f'echo "$@" >> {folder}/asked; {apt_get}'}),
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    asked = folder / "asked"
    return done.stdout, asked.read_text() if asked.exists() else ""


WANTED = " postgresql chromium fonts-dejavu-core man-db\n"


@pytest.mark.parametrize(("user", "apt_get"), [(1000, "exit 0"), (0, None)])
def test_without_the_right_or_the_program_nothing_is_tried(tmp_path, user, apt_get):
    said, asked = run(tmp_path, user, apt_get)
    assert said == f"Not installed, so the tests that need it are skipped:{WANTED}"
    assert asked == ""


def test_root_installs_what_is_missing(tmp_path):
    said, asked = run(tmp_path, 0, "exit 0")
    assert said == f"Installed:{WANTED}"
    assert asked == f"update -qq\ninstall -qq -y --no-install-recommends{WANTED}"


def test_what_cannot_be_installed_stops_nothing(tmp_path):
    said, _ = run(tmp_path, 0, "exit 100")
    assert said == f"Cannot be installed, so the tests that need it are skipped:{WANTED}"
