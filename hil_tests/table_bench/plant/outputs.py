"""What the controller's output pins mean: motor bridge, lamp, buzzer."""

from __future__ import annotations

from table_bench import wiring

_DUTY_FULL = 65535.0


class Outputs:
    """Decoded outputs; a pin that is not driven counts as low (the bridge has pull-downs)."""

    def __init__(self) -> None:
        self.outward = 0.0
        self.homeward = 0.0
        self.enabled = False
        self.led = (0.0, 0.0, 0.0)
        self.led_bits = 0
        """1 red, 2 green, 4 blue: which shine."""
        self.buzzer_hz = 0

    @property
    def drive(self) -> float:
        """Share of the supply voltage on the motor, signed; 0 when the bridge is off."""
        return self.outward - self.homeward if self.enabled else 0.0

    def decode(self, driven_high: int, directions: int, pwm: tuple[int, ...]) -> None:
        """Take over levels and PWM slots (freq_hz << 24 | gpio << 16 | duty; 0 = unused)."""
        duty: dict[int, float] = {}
        buzzer_hz = 0
        for slot in pwm:
            if slot:
                pin = (slot >> 16) & 0xFF
                duty[pin] = (slot & 0xFFFF) / _DUTY_FULL if directions >> pin & 1 else 0.0
                if pin == wiring.BUZZER and slot & 0xFFFF:
                    buzzer_hz = slot >> 24

        def level(pin: int) -> float:
            found = duty.get(pin)
            return float(driven_high >> pin & 1) if found is None else found

        self.outward = level(wiring.MOTOR_OUTWARD)
        self.homeward = level(wiring.MOTOR_HOMEWARD)
        self.enabled = level(wiring.MOTOR_ENABLE) > 0.5
        self.led = (level(wiring.LED_RED), level(wiring.LED_GREEN), level(wiring.LED_BLUE))
        self.led_bits = sum(1 << bit for bit, part in enumerate(self.led) if part)
        self.buzzer_hz = buzzer_hz
