"""Runs on MicroPython and CPython: the test cases of RFC 4231 for HMAC-SHA-256, and a seal.

https://www.rfc-editor.org/rfc/rfc4231, sections 4.2 to 4.8; case 5 is truncated there to 128 bits.
"""

from binascii import hexlify, unhexlify

from inversion_table.contract import seal

CASES = (
    (b"\x0b" * 20, b"Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (unhexlify("0102030405060708090a0b0c0d0e0f10111213141516171819"), b"\xcd" * 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    (b"\xaa" * 131,
     b"This is a test using a larger than block-size key and a larger than block-size data. "
     b"The key needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
)  # fmt: skip

for number, (key, data, expected) in enumerate(CASES):
    digits = hexlify(seal.hmac_sha256(key, data)).decode()
    print(number + 1, digits[: len(expected)] == expected)
KEY = bytes(range(32))
print(seal.key_id(KEY), seal.seal(KEY, "e66118604b000001", 7, b"\x01\x02\x03"))
