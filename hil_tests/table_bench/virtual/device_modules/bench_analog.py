"""Stand-ins for machine.ADC and machine.PWM."""

import bench_core as core
import bench_frame as frame
import bench_pin

_out = core.out
_inp = core.inp
_ADC = frame.ADC
_CORE_TEMPERATURE = 4


def release(number):
    """End the PWM on a GPIO, as selecting another function does."""
    for slot in range(frame.PWM0, frame.PWM0 + frame.PWM_SLOTS):
        if _out[slot] and (_out[slot] >> 16) & 0xFF == number:
            _out[slot] = 0


class ADC:
    """One channel of the converter: 12 bits scaled to 16."""

    CORE_TEMP = _CORE_TEMPERATURE

    def __init__(self, channel):
        if isinstance(channel, int) and channel == _CORE_TEMPERATURE:
            self._shift = 48
            return
        number = channel if isinstance(channel, int) else bench_pin.pin_number(channel)
        if number >= 26:
            number -= 26
        if not 0 <= number <= 2:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._shift = number * 16

    def read_u16(self):
        """The conversion, 0..65535 for 0..3.3 V."""
        return (_inp[_ADC] >> self._shift) & 0xFFFF


class PWM:
    """Pulse width modulation on one GPIO."""

    def __init__(self, pin, *, freq=0, duty_u16=0, invert=False):
        if invert:
            raise NotImplementedError("PWM invert")
        self._number = bench_pin.pin_number(pin)
        release(self._number)
        self._slot = self._free_slot()
        self._freq_hz = freq
        _out[self._slot] = 0
        self._base = 0
        self._set_base(freq, duty_u16)
        _out[frame.DIRECTIONS] |= 1 << self._number

    def _free_slot(self):
        for slot in range(frame.PWM0, frame.PWM0 + frame.PWM_SLOTS):
            if not _out[slot]:
                return slot
        raise ValueError("the bench has no free PWM slot")

    def _set_base(self, freq_hz, duty):
        self._freq_hz = freq_hz
        self._base = freq_hz << 24 | self._number << 16
        _out[self._slot] = self._base | duty

    def duty_u16(self, duty=None):
        """Duty, 0..65535."""
        if duty is None:
            return _out[self._slot] & 0xFFFF
        if duty < 0:
            duty = 0
        elif duty > 65535:
            duty = 65535
        _out[self._slot] = self._base | duty
        return None

    def freq(self, freq_hz=None):
        """Frequency in Hz."""
        if freq_hz is None:
            return self._freq_hz
        self._set_base(freq_hz, _out[self._slot] & 0xFFFF)
        return None

    def init(self, *, freq=0, duty_u16=0):
        """Set both."""
        self._set_base(freq or self._freq_hz, duty_u16)

    def deinit(self):
        """Stop."""
        _out[self._slot] = 0
