"""What the rig's process and the bench exchange besides bench_frame's fields; both ends import it.

The rig has no prefetch, no flash and no clock errors. It has I2C targets, state machines and pin
interrupts, and it may run on by itself for a while: the bench tells until when nothing that it can
see will change.
"""

PREFIX_LONGS = 20  # bench_frame's request up to its PWM slots; a test compares

# --- Request: behind those -------------------------------------------------------------------
MACHINES = 8
MACHINE0 = PREFIX_LONGS  # two longs a state machine: what it does, and the number put into it
TARGETS = 2
MEMORY_LONGS = 16
TARGET_LONGS = 1 + MEMORY_LONGS
TARGET0 = MACHINE0 + 2 * MACHINES  # of each: address (0 = does not answer), then its memory
WATCHED_EDGES = TARGET0 + TARGETS * TARGET_LONGS  # pins with an interrupt, one bit a GPIO
REQUEST_LONGS = WATCHED_EDGES + 1

# What a state machine does: PROGRAM | jmp_pin << 8 | in_base << 16 | set_base << 24 | start << 32
SHARE_HIGH = 1
HOLD_UNTIL_CLOCKED = 2
NO_PIN = 0xFF

# --- Snapshot --------------------------------------------------------------------------------
FLAGS = 0  # as bench_frame
INPUTS = 1  # level of each line, one bit a GPIO
ADC = 2  # unused, as bench_frame
NOW_US = 3  # at most what was asked for: an interrupt comes before
GRANTED_US = 4  # until then nothing that the rig can see changes
PUSHED0 = 5  # of each state machine: what it pushed last, -1 = nothing yet
EDGE_HZ = PUSHED0 + MACHINES  # rising edges a second at the one watched pin
EVENT_COUNT = EDGE_HZ + 1
EVENT0 = EVENT_COUNT + 1
EVENTS = 24
SNAPSHOT_LONGS = EVENT0 + EVENTS

# An event: bus | kind << 1 | register << 8 | count << 16 | up to four data bytes << 24
READ = 1  # the host read a burst
WRITE = 2  # the host wrote so many bytes
END_WRITE = 3  # and ended the transfer
EVENT_DATA = 4
