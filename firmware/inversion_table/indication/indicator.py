"""Plays the pattern of the present decision on an RGB LED and a buzzer."""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr32
from inversion_table.indication.patterns import (
    BLUE,
    BY_STATE,
    GREEN,
    RED,
    pattern_of,
    refused_pattern,
)
from inversion_table.safety import faults, states
from inversion_table.safety.ticks import TICKS_MASK, elapsed_ms

REFUSED_MS = 1_500
BUZZER_DUTY_U16 = 32_768

# Words of the state. What was last shown, and for how long that is right, if nothing else is asked.
_STATE = const(0)
_FAULT = const(1)
_AT_HOME = const(2)
_REFUSALS = const(3)
_WORKED_OUT_MS = const(4)
_GOOD_FOR_MS = const(5)
_REFUSING = const(6)
_WORDS = const(7)
_TICKS_MASK = const((1 << 30) - 1)


class Indicator:
    """red, green, blue: pins with `.value()`; buzzer: a PWM with `.freq()` and `.duty_u16()`."""

    def __init__(self, red, green, blue, buzzer) -> None:
        self._red = red
        self._green = green
        self._blue = blue
        self._buzzer = buzzer
        self._pattern = pattern_of(states.SELF_TEST, faults.NO_FAULT, False)
        self._began_ms = 0
        self._refused_ms = 0
        self._colour = -1
        self._tone_hz = -1
        self._ready = False
        self._words = array("i", [0] * _WORDS)

    def tell_ready(self, ready: bool) -> None:
        """Whether a start has done what must be done before anything may move outward.

        Until then HOME looks like the self-test, whose rest it is (RQ-078). Not for the tick.
        """
        if ready != self._ready:
            self._ready = ready
            self._words[_GOOD_FOR_MS] = 0  # the next tick works it out again

    @micropython.viper
    def show(self, decision, now_ms: int):
        """Set LED and buzzer for this tick; pins are written only on a change.

        Worked out only when the decision asks for something else, or the pattern for its next edge.
        """
        words = ptr32(self._words)
        if words[_REFUSING] == 0:
            if (now_ms - words[_WORKED_OUT_MS]) & _TICKS_MASK < words[_GOOD_FOR_MS]:
                asked = int(decision.state) ^ words[_STATE]
                asked |= int(decision.fault) ^ words[_FAULT]
                asked |= int(decision.at_home) ^ words[_AT_HOME]
                asked |= int(decision.refusals) ^ words[_REFUSALS]
                if asked == 0:
                    return
        self._work_out(decision, now_ms)

    def _work_out(self, decision, now_ms: int) -> None:
        words = self._words
        pattern = pattern_of(decision.state, decision.fault, decision.at_home)
        if not self._ready and pattern is BY_STATE[states.HOME]:
            pattern = BY_STATE[states.SELF_TEST]
        if decision.refusals != words[_REFUSALS]:  # RQ-079
            self._refused_ms = now_ms
            words[_REFUSING] = 1
        if words[_REFUSING]:
            # Remembered as over: after the clock has wrapped, an old refusal looks fresh again.
            words[_REFUSING] = (
                decision.refused != faults.NO_FAULT
                and elapsed_ms(now_ms, self._refused_ms) < REFUSED_MS
            )
        if words[_REFUSING]:
            pattern = refused_pattern(decision.refused)
        if pattern is not self._pattern:
            self._pattern = pattern
            self._began_ms = now_ms
        since_ms = elapsed_ms(now_ms, self._began_ms)
        phase_ms = since_ms % pattern.period_ms
        self._light(pattern.colour if phase_ms < pattern.light_ms else 0)
        self._sound(pattern.tone_hz if phase_ms < pattern.sound_ms else 0)
        words[_STATE] = decision.state
        words[_FAULT] = decision.fault
        words[_AT_HOME] = decision.at_home
        words[_REFUSALS] = decision.refusals
        words[_WORKED_OUT_MS] = now_ms
        words[_GOOD_FOR_MS] = min(pattern.same_for_ms(phase_ms), TICKS_MASK - since_ms)

    def _light(self, colour: int) -> None:
        if colour == self._colour:
            return
        self._colour = colour
        self._red.value(1 if colour & RED else 0)
        self._green.value(1 if colour & GREEN else 0)
        self._blue.value(1 if colour & BLUE else 0)

    def _sound(self, tone_hz: int) -> None:
        if tone_hz == self._tone_hz:
            return
        self._tone_hz = tone_hz
        if tone_hz:
            self._buzzer.freq(tone_hz)
            self._buzzer.duty_u16(BUZZER_DUTY_U16)
        else:
            self._buzzer.duty_u16(0)
