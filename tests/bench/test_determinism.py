"""Same seed and same calls: the same bytes, in the truth, on the link and in the flash."""

import hashlib

from table_bench.virtual import VirtualTable

LOGGER = """
log = open("/log", "ab")
while True:
    machine.idle()
    log.write(primary)
    if app.ticks % 64 == 0:
        log.flush()
    if poll.poll(0):
        sys.stdout.buffer.write(sys.stdin.buffer.readline() + monitor.hex().encode() + b"\\n")
"""


def session(runner: str, seed: int) -> str:
    program = runner.replace("while True:", "while False:") + LOGGER
    digest = hashlib.sha256()
    with VirtualTable(entry=program, seed=seed) as table:
        table.advance(700)
        table.press("START")
        table.advance(3000)
        table.inject("imu_primary_nack")
        table.inject("button_bouncing", button="RETURN")
        with table.stepped_serial() as port:
            for i in range(20):
                port.write(b"%d\n" % i)
                digest.update(port.readline() + port.readline())
        assert table.truth.tilt_deg > -74.0
        table.power_cut()
        table.power_on()
        table.advance(2000)
        for column in table.trace.columns:
            digest.update(table.trace[column].tobytes())
        digest.update((table.state_dir / "flash.bin").read_bytes())
        digest.update(table.console.encode())
        assert table.timer_failures == 0
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(runner):
    first = session(runner, seed=5)
    assert session(runner, seed=5) == first
    assert session(runner, seed=6) != first
