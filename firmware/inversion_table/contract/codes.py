"""Where in a pack for the chip the code of functions lies: the file CODES in it.

For each function that need not be in RAM one row (ROW) of ROW_BYTES, little-endian: u16 its place
in files of one block of the flash each, as the file's number * UNITS + the place in the file, in
PLACE_UNIT_BYTES; u16 how many bytes it has; u32 where it begins in the pack, counted from the end
of the manifest. The places ascend and leave HEAD_BYTES free at the beginning of each file.
code_in_flash.py says what for.
"""

CODES = "codes.bin"
ROW = "<HHI"
ROW_BYTES = 8
FILE_BYTES = 4096
HEAD_BYTES = 32
PLACE_UNIT_BYTES = 4
UNITS = 1024
