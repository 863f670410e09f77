"""A PostgreSQL server of the tests' own, where Debian's is installed; else they are skipped."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest


def _program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


class Server:
    """A server on a socket in `folder`, for nobody else."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._databases = 0
        # The server refuses to run as root; then it runs as the user that its package made.
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.geteuid() != 0:
            self._as = []
        else:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)

    def start(self):
        data = self.folder / "data"
        self._run(_program("initdb"), "-D", data, "-U", "tests", "-A", "trust", "--no-sync")
        self._process = subprocess.Popen(
            [
                *self._as, _program("postgres"), "-D", data, "-k", self.folder, "-c",
                "listen_addresses=", "-c", "fsync=off",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )  # fmt: skip
        self._run(_program("pg_isready"), "-h", self.folder, "-t", "30", attempts=100)

    def stop(self):
        self._process.send_signal(signal.SIGINT)  # at once, whoever is connected
        self._process.wait(30)

    def new_database(self):
        """The URL of an empty one."""
        self._databases += 1
        name = f"itable{self._databases}"
        self._run(_program("createdb"), "-h", self.folder, "-U", "tests", name)
        return f"postgresql://tests@/{name}?host={self.folder}"

    def _run(self, *command, attempts=1):
        import time

        for attempt in range(attempts):
            done = subprocess.run(
                [*self._as, *map(str, command)],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd=self.folder,
            )
            if done.returncode == 0:
                return
            time.sleep(0.1 if attempt + 1 < attempts else 0)
        raise AssertionError(done.stdout + done.stderr)


MISSING = "no PostgreSQL server is installed (Debian: apt install postgresql)"


@contextmanager
def running():
    """A started server; None where there is no program for it."""
    if not _program("initdb") or not _program("postgres"):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="itable-pg-") as folder:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres():
    """The server, started when the first test asks for it."""
    with running() as server:
        if server is None:
            pytest.skip(MISSING)
        yield server
