"""The serial link: a real pty at one end, the firmware's stdin and stdout at the other."""

import errno
import os
import time

import pytest
import serial

from table_bench.simulated import stepped_serial
from table_bench.virtual import BenchError, VirtualTable


def test_pyserial_talks_to_a_free_running_table(runner):
    with (
        VirtualTable(entry=runner) as table,
        table.run_free(),
        serial.Serial(table.serial_port, timeout=5) as port,
    ):
        port.write(b"hello\n")
        assert port.readline() == b"hello\n"
        every_byte = bytes(b for b in range(256) if b != 10) + b"\n"
        port.write(every_byte * 20)
        assert port.read(256 * 20) == every_byte * 20


def test_waiting_for_bytes_takes_virtual_time_only(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        with table.stepped_serial(timeout=30) as port:
            before_ms, begun_s = table.now_ms, time.monotonic()
            assert port.read(1) == b""
            assert table.now_ms - before_ms == pytest.approx(30_000)
            assert time.monotonic() - begun_s < 10
            port.write(b"a\nb\n")
            assert port.readline() == b"a\n"
            assert port.readline() == b"b\n"
            assert port.in_waiting == 0
            assert table.now_ms - before_ms < 30_100


def test_large_amounts_arrive_whole_both_ways(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        lines = [b"%05d" % i + b"x" * 90 + b"\n" for i in range(2000)]
        with table.stepped_serial(timeout=10) as port:
            port.write(b"".join(lines))
            assert [port.readline() for _ in lines] == lines


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_what_the_pty_refuses_for_a_moment_is_written_again(runner, monkeypatch, number):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        with table.stepped_serial(timeout=5) as port:
            pty = table._serial._master
            plain, refused = os.write, list[int]()

            def write(fd, data):
                if fd == pty and len(refused) < 3:
                    refused.append(len(data))
                    raise OSError(number, os.strerror(number))
                return plain(fd, data)

            monkeypatch.setattr(os, "write", write)
            port.write(b"hello\n")
            assert port.readline() == b"hello\n"
            assert refused == [6, 6, 6]


def test_what_gets_lost_in_the_pty_is_told_in_numbers(runner, monkeypatch):
    monkeypatch.setattr(stepped_serial, "_TRIES", 3)
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        port = table.stepped_serial(timeout=5)
        pty, plain = table._serial._master, os.write
        port.write(b"hello\n")
        assert port.readline() == b"hello\n"
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda fd, data: len(data) if fd == pty else plain(fd, data))
            port.write(b"again\n")
            with pytest.raises(BenchError, match=r"^6 of 12 bytes .* 0 wait in front of it$"):
                port.readline()
        with pytest.raises(BenchError, match="lost in the pty"):
            port.close()
        with table.stepped_serial(timeout=5) as port:
            port.write(b"anew\n")
            assert port.readline() == b"anew\n"


def test_what_nobody_reads_is_dropped_and_never_blocks_the_firmware(board):
    program = (
        board
        + """
while True:
    sys.stdout.buffer.write(b"z" * 9999 + b"\\n")
    machine.idle()
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(20_000)
        with table.stepped_serial() as port:
            assert port.in_waiting == 0
            table.advance(1000)
            assert 500_000 < port.in_waiting < 2_000_000
        assert not table.program_ended


CTRL_C = """
try:
    while True:
        machine.idle()
        if poll.poll(0):
            print(repr(sys.stdin.buffer.read(3)))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(("character", "said"), [("3", "interrupted\n"), ("-1", "b'a\\x03b'\n")])
def test_ctrl_c_interrupts_unless_told_otherwise(board, character, said):
    program = (
        board
        + f"""
poll = select.poll()
poll.register(sys.stdin.buffer, select.POLLIN)
micropython.kbd_intr({character})
"""
        + CTRL_C
    )
    with VirtualTable(entry=program) as table:
        table.advance(500)
        with table.stepped_serial() as port:
            port.write(b"a\x03b")
            table.advance(100)
            assert table.console == said


def test_unplugging_breaks_the_hosts_port_and_replugging_offers_a_new_one(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        port = table.stepped_serial()
        table.inject("usb_unplugged")
        with pytest.raises(OSError, match="disappeared"):
            port.write(b"hello\n")
        port.close()
        before = table.ticks
        table.advance(1000)
        assert table.ticks - before == 100
        table.clear_fault("usb_unplugged")
        with table.stepped_serial() as again:
            again.write(b"hello\n")
            assert again.readline() == b"hello\n"


def test_an_unplugged_ports_name_is_gone_before_its_pty(runner, monkeypatch):
    """The system gives a closed pty's name to the next that asks, maybe another bench."""
    with VirtualTable(entry=runner) as table:
        pty, path, seen = table._serial._master, table._serial.path, []
        plain = os.close

        def close(fd):
            if fd == pty:
                seen.append(path.is_symlink())
            plain(fd)

        monkeypatch.setattr(os, "close", close)
        table.inject("usb_unplugged")
        assert seen == [False]


def test_a_new_host_gets_nothing_that_was_meant_for_the_last_one(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        with table.stepped_serial() as port:
            port.write(b"old\n" * 100)
            table.advance(1500)  # the program echoes a line each time round
            assert port.in_waiting == 400
        with table.stepped_serial() as port:
            port.write(b"new\n")
            assert port.readline() == b"new\n"
            assert port.in_waiting == 0
        table.advance(100)
        with serial.Serial(table.serial_port, timeout=0.2) as port:
            assert port.read(1) == b""


def test_print_goes_to_console_and_link_and_frames_only_to_the_link(board):
    program = (
        board
        + """
time.sleep_ms(500)
print("for people")
sys.stdout.buffer.write(b"for machines\\n")
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(300)
        with table.stepped_serial() as port:
            assert port.readline().rstrip() == b"for people"
            assert port.readline() == b"for machines\n"
        assert table.console == "for people\n"


def test_buttons_work_while_time_runs_by_itself(runner):
    with VirtualTable(entry=runner) as table:
        with table.run_free(speed=20):
            deadline_s = time.monotonic() + 10
            while table.now_ms < 500 and time.monotonic() < deadline_s:
                time.sleep(0.01)
            table.press("START", ms=500)
            while not table.truth.motor_enabled and time.monotonic() < deadline_s:
                time.sleep(0.01)
            assert table.truth.motor_enabled
        stopped_ms = table.now_ms
        time.sleep(0.1)
        assert table.now_ms == stopped_ms


def test_pacing_holds_time_back_to_the_wall_clock(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(1000)
        begun_ms, begun_s = table.now_ms, time.monotonic()
        with table.run_free(speed=4):
            time.sleep(1.0)
        passed_ms, real_ms = table.now_ms - begun_ms, (time.monotonic() - begun_s) * 1000
        # A busy machine may fall behind, but time never runs ahead by more than one chunk.
        assert 0.25 * 4000 < passed_ms <= 4 * real_ms + 20


def test_hands_are_not_locked_out_by_a_table_at_full_speed(runner):
    with VirtualTable(entry=runner) as table, table.run_free():
        begun_s = time.monotonic()
        for _ in range(20):
            table.press("PAUSE", ms=10)
        assert time.monotonic() - begun_s < 2.0
