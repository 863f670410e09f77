"""Motor and relay: a decision becomes two PWM duties, the enable line and the heartbeat."""

DUTY_MAX_PERMILLE = 1000
DUTY_U16_PER_PERMILLE = 65


class Drive:
    """Drives the H-bridge and the relay's charge pump.

    outward, homeward: PWM with `.duty_u16()`; enable, heartbeat: pins with `.value()`. At rest the
    bridge is disabled, so that neither brake nor drive depends on a PWM that still runs.
    """

    def __init__(self, outward, homeward, enable, heartbeat) -> None:
        self._outward = outward
        self._homeward = homeward
        self._enable = enable
        self._heartbeat = heartbeat
        self._beat = 0
        self._duty_permille = 0
        self.off()

    def apply(self, decision) -> None:
        """Carry out `decision`; allocates nothing. Called once a tick: the heartbeat (RQ-038)."""
        duty = decision.duty_permille
        magnitude = abs(duty)
        if not decision.power or magnitude > DUTY_MAX_PERMILLE:
            if self._duty_permille != 0 or self._beat != 0:
                self.off()
            return
        self._beat ^= 1
        self._heartbeat.value(self._beat)
        if duty == self._duty_permille:
            return
        self._duty_permille = duty
        # The side that falls silent goes first: never both sides on (RQ-026).
        if duty > 0:
            self._homeward.duty_u16(0)
            self._outward.duty_u16(magnitude * DUTY_U16_PER_PERMILLE)
        else:
            self._outward.duty_u16(0)
            self._homeward.duty_u16(magnitude * DUTY_U16_PER_PERMILLE)
        self._enable.value(1 if duty else 0)

    def off(self) -> None:
        """No drive, no heartbeat: the relay drops out by itself."""
        self._enable.value(0)
        self._outward.duty_u16(0)
        self._homeward.duty_u16(0)
        self._heartbeat.value(0)
        self._beat = 0
        self._duty_permille = 0
