"""Stand-ins for the rig's own chip; `time`, timers and PWM are those of the virtual bench."""
