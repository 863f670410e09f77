"""A small firmware of the bench's own, so that these tests depend on no other code."""

import pytest

BOARD = """
import machine, micropython, select, sys, time
from machine import ADC, I2C, PWM, Pin, Timer, WDT

bus0 = I2C(0, scl=Pin(5), sda=Pin(4), freq=400000, timeout=2000)
bus1 = I2C(1, scl=Pin(3), sda=Pin(2), freq=400000, timeout=2000)
heartbeat = Pin(13, Pin.OUT, value=0)
enable = Pin(12, Pin.OUT, value=0)
outward = PWM(Pin(10), freq=20000, duty_u16=0)
homeward = PWM(Pin(11), freq=20000, duty_u16=0)
start = Pin(19, Pin.IN, Pin.PULL_UP)
pause = Pin(20, Pin.IN, Pin.PULL_UP)
mirror = Pin(14, Pin.IN, Pin.PULL_UP)
estop = Pin(15, Pin.IN, Pin.PULL_UP)
current = ADC(26)
"""

RUNNER = (
    BOARD
    + """
bus0.writeto_mem(0x6A, 0x10, b"\\x50")
bus0.writeto_mem(0x6A, 0x11, b"\\x50")
bus1.writeto_mem(0x68, 0x6B, b"\\x01")
bus1.writeto_mem(0x68, 0x1A, b"\\x03")
primary = bytearray(14)
monitor = bytearray(14)


class App:
    def __init__(self):
        self.ticks = 0
        self.level = 0
        self.errors = 0
        self.amps = 0

    def tick(self, timer):
        self.ticks += 1
        try:
            bus0.readfrom_mem_into(0x6A, 0x20, primary)
        except OSError as error:
            self.errors = error.errno
        bus1.readfrom_mem_into(0x68, 0x3B, monitor)
        self.level ^= 1
        heartbeat.value(self.level)
        self.amps = current.read_u16()
        if not start.value():
            enable.value(1)
            outward.duty_u16(20000)
        if not pause.value():
            enable.value(0)
            outward.duty_u16(0)


app = App()
Timer(period=10, mode=Timer.PERIODIC, callback=app.tick, hard=True)
micropython.kbd_intr(-1)
poll = select.poll()
poll.register(sys.stdin.buffer, select.POLLIN)
while True:
    machine.idle()
    if poll.poll(0):
        line = sys.stdin.buffer.readline()
        if line == b"state\\n":
            line = b"%d %d %d %d\\n" % (app.ticks, app.errors, app.amps, mirror.value())
        elif line == b"raw\\n":
            line = primary.hex().encode() + monitor.hex().encode() + b"\\n"
        sys.stdout.buffer.write(line)
"""
)


@pytest.fixture(scope="session")
def board() -> str:
    """Program text that sets up the pins."""
    return BOARD


@pytest.fixture(scope="session")
def runner() -> str:
    """A program that ticks, drives on START, stops on PAUSE and echoes lines."""
    return RUNNER
