"""Plays the pattern of the present decision on an RGB LED and a buzzer."""

from inversion_table.indication.patterns import BLUE, GREEN, RED, REFUSED, pattern_of
from inversion_table.safety import faults, states
from inversion_table.safety.ticks import elapsed_ms

REFUSED_MS = 1_500
BUZZER_DUTY_U16 = 32_768


class Indicator:
    """red, green, blue: pins with `.value()`; buzzer: a PWM with `.freq()` and `.duty_u16()`."""

    def __init__(self, red, green, blue, buzzer) -> None:
        self._red = red
        self._green = green
        self._blue = blue
        self._buzzer = buzzer
        self._pattern = pattern_of(states.SELF_TEST, faults.NO_FAULT, False)
        self._began_ms = 0
        self._refusals = 0
        self._refusing = False
        self._refused_ms = 0
        self._colour = -1
        self._tone_hz = -1

    def show(self, decision, now_ms: int) -> None:
        """Set LED and buzzer for this tick; pins are written only on a change."""
        pattern = pattern_of(decision.state, decision.fault, decision.at_home)
        if decision.refusals != self._refusals:  # RQ-079
            self._refusals = decision.refusals
            self._refused_ms = now_ms
            self._refusing = True
        if self._refusing:
            # Remembered as over: after the clock has wrapped, an old refusal looks fresh again.
            self._refusing = (
                decision.refused != faults.NO_FAULT
                and elapsed_ms(now_ms, self._refused_ms) < REFUSED_MS
            )
        if self._refusing:
            pattern = REFUSED
        if pattern is not self._pattern:
            self._pattern = pattern
            self._began_ms = now_ms
        phase_ms = elapsed_ms(now_ms, self._began_ms) % pattern.period_ms
        self._light(pattern.colour if phase_ms < pattern.light_ms else 0)
        self._sound(pattern.tone_hz if phase_ms < pattern.sound_ms else 0)

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
