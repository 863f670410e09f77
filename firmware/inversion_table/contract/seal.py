"""Sealed plans: what a clinic's key says of a plan, computed alike by host and device.

A seal is the HMAC-SHA256 (RFC 2104) of device, counter and plan under a key of 32 bytes. It covers
the plan whole, not only its id: an id has 64 bits, which is little against somebody with time.
"""

import binascii
import hashlib

KEY_BYTES = 32
SEAL_DIGITS = 64
KEY_ID_DIGITS = 8
_BLOCK_BYTES = 64
_HEX = "0123456789abcdef"


class KeyFormError(ValueError):
    """A text that is no key; what it says does not repeat the text."""


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA256; `key` of any length."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(data)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def same(left: bytes, right: bytes) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    if len(left) != len(right):
        return False
    difference = 0
    for at in range(len(left)):
        difference |= left[at] ^ right[at]
    return difference == 0


def read_key(text: str) -> bytes:
    """The key in 64 lower-case hex digits; raises KeyFormError."""
    if len(text) != 2 * KEY_BYTES or not all([digit in _HEX for digit in text]):
        raise KeyFormError("a key is %d hex digits in lower case" % (2 * KEY_BYTES))
    return binascii.unhexlify(text)


def key_id(key: bytes) -> str:
    """8 hex digits by which a key is recognised; they tell nothing of the key."""
    return _digits(hmac_sha256(key, b"inversion table key"))[:KEY_ID_DIGITS]


def seal(key: bytes, device: str, counter: int, canonical: bytes) -> str:
    """The seal of a plan for one device, in 64 hex digits.

    counter: from 1, higher with each plan that the device takes; canonical: Plan.canonical().
    """
    digest = _digits(hashlib.sha256(canonical).digest())
    text = "inversion table plan 1\n%s\n%d\n%s\n" % (device, counter, digest)
    return _digits(hmac_sha256(key, text.encode()))


def _digits(data: bytes) -> str:
    return binascii.hexlify(data).decode()
