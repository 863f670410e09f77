"""Compares the program's files in flash with their manifest, a little at a time, for ever.

It proves that what the next start will load is what was put on the device, and that nothing else is
loaded. A running copy in RAM is not what is looked at here; code that is executed in the flash is.
"""

from binascii import crc32

from inversion_table.contract import manifest
from inversion_table.contract.codes import FILE_BYTES

CHUNK_BYTES = 512
"""Read and reckoned in well under 1 ms on the chip."""
CHECKING = "is still being checked"
HOW_TO_MEND = "put the firmware on anew"


class ProgramCheck:
    """Call `step` often; `ok` is True when the whole program was found good, and nothing since bad.

    root: the folder (with its "/") that the paths of the manifest are below; loaded(): the paths of
    the program's files that are in use, all of which must be in the manifest; in_flash: address and
    CRC-32 of each block with code that is executed there, alternately. The first thing found wrong
    is kept in `problem` until the next start (RQ-083).
    """

    def __init__(self, root: str, loaded, manifest_path: str = manifest.PATH, in_flash=()) -> None:
        self.ok = False
        self.problem = CHECKING
        self.rounds = 0
        self._root = root
        self._loaded = loaded
        self._manifest_path = manifest_path
        self._chunk = bytearray(CHUNK_BYTES)
        self._view = memoryview(self._chunk)
        self._lines = _no_file()
        self._lines_crc = 0
        self._unlisted: list = []
        self._file = _no_file()
        self._name = ""
        self._crc = 0
        self._wanted_crc = 0
        self._left_bytes = 0
        self._in_flash = in_flash
        self._block = len(in_flash)  # the files come first
        self._failed = False

    def first_round(self) -> bool:
        """Whether the whole program is still to be seen for the first time."""
        return self.rounds == 0 and not self._failed

    def step(self) -> None:
        """One small part of the work: open a file, or take one chunk of it, or one line."""
        if self._failed:
            return
        try:
            if self._file is not None:
                self._read_chunk()
            elif self._lines is not None:
                self._read_line()
            elif self._block < len(self._in_flash):
                self._read_block()
            else:
                self._begin()
        except (OSError, manifest.ManifestError) as error:
            what = self._name or self._manifest_path
            self._fail("%s: %s" % (what, str(error) or "cannot be read"))

    def _begin(self) -> None:
        self._name = ""
        self._unlisted = self._loaded()
        try:
            self._lines = open(self._manifest_path, "rb")  # noqa: SIM115 - closed at its end
        except OSError:
            raise manifest.ManifestError("there is none") from None
        line = self._lines.readline()
        if line != manifest.FIRST_LINE:
            raise manifest.ManifestError("is none")
        self._lines_crc = crc32(line)

    def _read_line(self) -> None:
        self._name = ""
        line = self._lines.readline()
        if line == manifest.end_line(self._lines_crc):
            self._lines.close()
            self._lines = None
            if self._unlisted:
                self._fail("%s is not in the manifest" % self._unlisted[0])
            else:
                self._block = 0
                self._end_round()
            return
        self._wanted_crc, self._left_bytes, name = manifest.parse_line(line)
        self._lines_crc = crc32(line, self._lines_crc)
        self._name = name
        if name in self._unlisted:
            self._unlisted.remove(name)
        self._crc = 0
        self._file = open(self._root + name, "rb")  # noqa: SIM115 - closed at its end

    def _read_block(self) -> None:
        from uctypes import bytearray_at

        address = self._in_flash[self._block]
        code = bytearray_at(address, FILE_BYTES)
        if crc32(code) & 0xFFFFFFFF != self._in_flash[self._block + 1]:
            self._fail("the code in the flash at 0x%x is damaged" % address)
            return
        self._block += 2
        self._end_round()

    def _end_round(self) -> None:
        """All files were good; once the blocks were, too, all of it is."""
        if self._block < len(self._in_flash):
            return
        self.rounds += 1
        self.ok = True
        self.problem = ""

    def _read_chunk(self) -> None:
        count = self._file.readinto(self._chunk)
        if count:
            self._crc = crc32(self._view[:count], self._crc)
            self._left_bytes -= count
            return
        self._file.close()
        self._file = None
        if self._left_bytes or self._crc & 0xFFFFFFFF != self._wanted_crc:
            self._fail("%s is damaged" % self._name)

    def _fail(self, problem: str) -> None:
        self._failed = True
        self.ok = False
        self.problem = "%s: %s" % (problem, HOW_TO_MEND)


def _no_file():
    return None


def package_root(init_file: str) -> str:
    """The folder that the package at `init_file` lies in, with its "/"; "" for the present one."""
    parts = init_file.split("/")
    return "/".join(parts[:-2] + [""]) if len(parts) > 2 else ""


def loaded_files(modules: dict, package: str, root: str) -> list:
    """Paths below `root` of the files that `package` was loaded from (`modules`: sys.modules).

    A file that lies elsewhere keeps its whole path, and so is in no manifest.
    """
    paths = []
    for name, module in modules.items():
        if name != package and not name.startswith(package + "."):
            continue
        path = getattr(module, "__file__", None) or name
        paths.append(path[len(root) :] if root and path.startswith(root) else path)
    return paths
