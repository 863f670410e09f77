"""Stand-in for machine.I2C: real transactions with the bench's register models.

Reads that the bench foresaw are answered from the snapshot; everything else goes over the pipe.
The bus time is added to virtual time. Errors are those of the rp2 port: EIO for an address or
byte that nobody acknowledges, ETIMEDOUT for a bus that is held.
"""

import bench_core as core
import bench_frame as frame
import bench_passing
import bench_pin

_EIO = OSError(5)
_ETIMEDOUT = OSError(110)
_BITS_PER_BYTE = 9
_OVERHEAD_US = 20

_out = core.out
_inp = core.inp
_keys = bench_passing.slot_keys
_views = bench_passing.slot_views
_valid = bench_passing.slots_valid
_NOW = frame.NOW_US
_USED = frame.PREFETCH_USED
_STATUS = frame.SLOT_STATUS


class _Key:
    def __getitem__(self, key):
        return key


_ALL = _Key()[:]  # a slice made beforehand: `buf[:] = ...` would allocate one in the tick


class I2C:
    """One hardware bus of the chip."""

    def __init__(self, id, *, scl, sda, freq=400_000, timeout=50_000):
        sda_number = bench_pin.pin_number(sda)
        scl_number = bench_pin.pin_number(scl)
        if id not in (0, 1) or sda_number % 4 != 2 * id or scl_number % 4 != 2 * id + 1:
            raise ValueError("bad SCL/SDA pin for this I2C")
        self._bus = id
        self._base = id << 24
        self._freq_hz = freq
        self._timeout_us = timeout
        both = 1 << sda_number | 1 << scl_number
        _out[frame.DIRECTIONS] &= ~both
        core.exchange(frame.PINS)

    def readfrom_mem_into(self, addr, memaddr, buf, addrsize=8):
        """Read len(buf) registers from `memaddr` on; OSError if the device does not answer."""
        n = len(buf)
        key = self._base | addr << 16 | memaddr << 8 | n
        i = 0
        while i < 4:
            if _keys[i] == key and (_valid[0] >> i) & 1:
                _valid[0] &= ~(1 << i)
                _out[_USED] |= 1 << i
                code = (_inp[_STATUS] >> (8 * i)) & 0xFF
                if code:
                    self._fail(code)
                buf[_ALL] = _views[i]
                _out[_NOW] += _OVERHEAD_US + (n + 3) * _BITS_PER_BYTE * 1_000_000 // self._freq_hz
                return
            i += 1
        self._read(addr, memaddr, buf, n)

    def _read(self, addr, memaddr, buf, n):
        _out[frame.ARG0] = self._bus
        _out[frame.ARG1] = addr
        _out[frame.ARG2] = memaddr
        _out[frame.ARG3] = n
        code = core.ask(frame.I2C_READ)
        if code:
            self._fail(code)
        core.read_answer(buf)
        core.spend(_OVERHEAD_US + (n + 3) * _BITS_PER_BYTE * 1_000_000 // self._freq_hz)

    def _write(self, addr, data):
        _valid[0] = 0
        n = len(data)
        _out[frame.ARG0] = self._bus
        _out[frame.ARG1] = addr
        _out[frame.ARG3] = n
        code = core.ask(frame.I2C_WRITE, data)
        if code:
            self._fail(code)
        core.spend(_OVERHEAD_US + (n + 1) * _BITS_PER_BYTE * 1_000_000 // self._freq_hz)

    def _fail(self, code):
        if code == 110:
            core.spend(self._timeout_us)
            raise _ETIMEDOUT
        core.spend(_OVERHEAD_US + 2 * _BITS_PER_BYTE * 1_000_000 // self._freq_hz)
        raise _EIO

    def readfrom_mem(self, addr, memaddr, nbytes, addrsize=8):
        """Read `nbytes` registers into new bytes."""
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf)
        return bytes(buf)

    def writeto_mem(self, addr, memaddr, buf, addrsize=8):
        """Write registers from `memaddr` on."""
        self._write(addr, bytes((memaddr,)) + bytes(buf))

    def readfrom_into(self, addr, buf, stop=True):
        """Read from where the device's register pointer stands."""
        self._read(addr, -1, buf, len(buf))

    def readfrom(self, addr, nbytes, stop=True):
        """Read into new bytes."""
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf)
        return bytes(buf)

    def writeto(self, addr, buf, stop=True):
        """Write bytes; returns how many were acknowledged."""
        self._write(addr, buf)
        return len(buf)

    def scan(self):
        """Addresses that acknowledge."""
        found = []
        probe = bytearray(1)
        for addr in range(8, 0x78):
            try:
                self._read(addr, -1, probe, 1)
            except OSError:
                continue
            found.append(addr)
        return found
