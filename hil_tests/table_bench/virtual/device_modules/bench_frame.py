"""Layout of the frames that device process and bench exchange; both ends import this file.

A request (device to bench) and a reply (bench to device) are arrays of native 64-bit integers, so
that neither end parses anything and the device end allocates nothing. Times are microseconds of
virtual time since power-on of the bench.
"""

# --- Request: index of each field ------------------------------------------------------------
KIND = 0
NOW_US = 1  # virtual time of the device when it asks
WAKE_US = 2  # WAIT: the device has nothing to do before this time
LEVELS = 3  # output latch, one bit a GPIO
DIRECTIONS = 4  # 1 = driven by the device
WDT_DEADLINE_US = 5  # 0 = watchdog not started
PREFETCH_USED = 6  # bit i: prefetch slot i was read since the last WAIT
KBD_INTR = 7  # the character that interrupts the program, -1 = none
TIMER_FAILURES = 8  # timers ended by an exception in their callback
ARG0 = 9
ARG1 = 10
ARG2 = 11
ARG3 = 12
TIMER_CALLS = 13  # timer callbacks run since boot
PWM0 = 14  # PWM_SLOTS values: freq_hz << 24 | gpio << 16 | duty_u16; 0 = unused
PWM_SLOTS = 6
REQUEST_LONGS = PWM0 + PWM_SLOTS

# --- Kinds of request ------------------------------------------------------------------------
HELLO = 0  # booted; asks for the first snapshot
WAIT = 1  # reply: snapshot at WAKE_US
PINS = 2  # a watched pin changed; reply: snapshot, no time passes
I2C_READ = 3  # ARG0 bus, ARG1 address, ARG2 register or -1, ARG3 length; reply: status, data
I2C_WRITE = 4  # ARG0 bus, ARG1 address, ARG3 length, then the bytes; reply: status
RESET = 5  # machine.reset(); no reply
FLASH = 6  # ARG0 operation, ARG1 address, ARG2 length; reply: how many bytes to carry out
REGISTER = 8  # ARG0 address, ARG1 value written; reply: status
ENDED = 7  # the program ended (on the chip: REPL prompt); reply: snapshot

# --- Snapshot: index of each field -----------------------------------------------------------
FLAGS = 0
INPUTS = 1  # level of each GPIO if pulled up, one bit a GPIO
ADC = 2  # four 12-bit conversions scaled to 16 bits, channel 0 in the low bits; channel 3 = core
SLOT_STATUS = 3  # one byte a prefetch slot: 0 or errno
CLOCK_PPM0 = 4  # how fast each clock of the device is, in parts per million: CLOCKS values
CLOCKS = 3
SLOT_KEY0 = CLOCK_PPM0 + CLOCKS  # bus << 24 | address << 16 | register << 8 | length; 0 = empty
SLOTS = 4
SLOT_DATA0 = SLOT_KEY0 + SLOTS
SLOT_BYTES = 16
SNAPSHOT_LONGS = SLOT_DATA0 + SLOTS * SLOT_BYTES // 8

# --- Clocks of the device ---------------------------------------------------------------------
TICKS_MS = 0  # ticks_ms and ticks_us
TICKS = 1  # the period of timers
RTC = 2

# --- Flags in a snapshot ---------------------------------------------------------------------
SLOTS_CHANGED = 1  # the slot keys differ from the last snapshot's
INTERRUPT = 2  # Ctrl-C from the host
BACKGROUND_HANGS = 4  # fault: the background never gets control back
TICKS_STOP = 8  # fault: timers no longer fire

# --- Flash operations ------------------------------------------------------------------------
FLASH_PROGRAM = 1
FLASH_ERASE = 2
