"""The firmware's own link and ring on standard input and output; the flash is a file in RAM.

The loop is that of startup.py without the background's other work, so what is measured is the link.
"""

import sys

from inversion_table.app import App
from inversion_table.journal.pulled import Pulled
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from inversion_table.link.lines import LineBuffer
from inversion_table.link.methods import Methods
from inversion_table.link.server import Server
from inversion_table.link.stream import BlockStream
from inversion_table.link.usb_serial import UsbSerial

BLOCK_BYTES = 4096


class Flash:
    """A flash that is only read."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self._view = memoryview(file.read())
        self.blocks = len(self._view) // BLOCK_BYTES

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK_BYTES + offset
        buffer[:] = self._view[at : at + len(buffer)]


class NoStore:
    def load(self, name):
        return None

    def save(self, name, value):
        pass


class Recorder:
    lost_records = 0
    lost_pages = 0


class LogApp:
    """What the log's methods ask of the application: the application's own code for it."""

    log_sessions = App.log_sessions
    log_read = App.log_read
    log_pulled = App.log_pulled

    def __init__(self, flash):
        self.ring = Ring(Region(flash, range(flash.blocks)))
        self.pulled = Pulled(NoStore())
        self.recorder = Recorder()

    def may_erase(self):
        return True


def main():
    usb = UsbSerial()
    server = Server(Methods(LogApp(Flash(sys.argv[1])), "bench").table, lambda: False, lambda: 0)
    lines = LineBuffer()
    stream = BlockStream(usb)
    while True:
        # The chip sleeps here until an interrupt, the USB's among them.
        if stream._source is None:
            usb._poll.poll(100)
        else:
            usb._out_poll.poll(100)
        arrived = usb.read()
        if arrived:
            lines.feed(arrived)
        while lines.waiting():
            stream.stop()
            reply, source = server.answer(lines.take())
            usb.write(reply)
            if source is not None:
                stream.start(source, 0)
        stream.step(0)


main()
