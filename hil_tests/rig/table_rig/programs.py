"""Two programs for the chip's PIO: what has to be faster, or more punctual, than a millisecond.

In the instructions a name is what MicroPython's assembler makes of it (docs: rp2.asm_pio).
"""

# ruff: noqa: F821
import rp2

SAMPLES = 41_666
"""In a window of `share_high`: 1 ms at three cycles a sample and 125 MHz; 20 periods of 20 kHz."""
CLOCKS = 9
"""Clock pulses after which a held SDA is let go: a byte and its acknowledge."""


@rp2.asm_pio()
def share_high():
    """How many of SAMPLES + 1 looks at a pin found it high, pushed after every window.

    Counting looks instead of timing edges works for a duty of 0 or 1 too. A look takes three cycles
    whatever it finds. y counts down from all ones, so its complement is the count.
    """
    pull()
    wrap_target()
    mov(x, osr)
    mov(y, invert(null))
    label("look")
    jmp(pin, "high")
    jmp(x_dec, "look")[1]
    jmp("told")
    label("high")
    jmp(y_dec, "counted")
    label("counted")
    jmp(x_dec, "look")
    label("told")
    mov(isr, invert(y))
    push(noblock)
    wrap()


@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def hold_until_clocked():
    """Hold a line low until another was clocked; then push once.

    As a sensor does that was reset in the middle of a byte. No interrupt could count these clocks:
    they may be 10 us apart.
    """
    pull()
    mov(x, osr)
    label("pulse")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "pulse")
    set(pindirs, 0)
    push()
    label("over")
    jmp("over")
