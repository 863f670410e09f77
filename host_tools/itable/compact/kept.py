"""Names that are never changed: MicroPython or Python may mean something by them."""

from __future__ import annotations

import builtins
import keyword


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEPT = _words(
    """
    Event GREEN MAGIC Methods Pattern Server Store YELLOW _build _chunk _done _find _flags _get
    _loop _make _path _put _queue _stalled _start _state _status about accel active adc add
    address alarm argument back base before below better bits block blocks board both bound
    buffer build calibration candidate cause change changed channel char check clear close
    closed code complete config const content count current data date default describe device
    differs digest done duration_ms duty_u16 enable end entry error event feed fields file fill
    find first flags flush following found frame frequency_hz function gyro head headers high id
    idle index info init inputs ioctl item keep kept key keys kind known last left length level
    limit line lines list load lock locked log long many mark mask memory method methods
    micropython missing mkfs mode module modules more most motion mount move name names native
    new_path next note number offset older open over pack package part passing path pattern
    pending phase ping pins poll port pos present previous problems program ptr16 ptr32 ptr8
    pull pulled put queue rate read readblocks reader readfrom_mem readfrom_mem_into readinto
    readline reason record region register request reset reset_cause rest restart result
    returning returns right ring root rounds same save second seconds seek select self send
    sequence serial server session set shift short side since size sizes sleep_ms sleep_us slot
    sound source span start startup stat state status step stop store stored stream supply table
    take target temperature text tick ticks ticks_ms time timeout timeout_ms timer times total
    uint umount until unwrap update usual valid value values version viper wait waiting want
    what when wish wrap writable write writeblocks writer writeto_mem
    """
)
"""Names of the package that MicroPython's modules, or whoever they call, may have as well."""

OF_PYTHON = frozenset(
    name
    for kind in (object, int, str, bytes, bytearray, list, dict, tuple, set, memoryview, Exception)
    for name in dir(kind)
) | frozenset((*dir(builtins), *keyword.kwlist, *keyword.softkwlist))
"""Attributes and words of Python itself."""
