"""What the chip does between power-on and the program: modules, file system, then the program."""

import json
import sys

sys.path[:] = [sys.argv[1]]

import bench_config  # noqa: E402

with open(sys.argv[2]) as _file:
    bench_config.values = json.load(_file)

import bench_core  # noqa: E402
import bench_frame  # noqa: E402

_PART_BYTES = 256


class _Micropython:
    """Copy of the built-in module, with the functions that the chip has and this build has not."""


def _replace_micropython():
    import micropython

    copy = _Micropython()
    for name in dir(micropython):
        if name[0] != "_":
            setattr(copy, name, getattr(micropython, name))

    def kbd_intr(character):
        bench_core.out[bench_frame.KBD_INTR] = character

    copy.kbd_intr = kbd_intr
    copy.alloc_emergency_exception_buf = lambda size: None
    sys.modules["micropython"] = copy


def _replace_print():
    """Let `print` also reach the bench's console; link frames do not go through print."""
    import builtins

    plain = builtins.print

    def both(*args, **options):
        plain(*args, **options)
        if "file" not in options:
            options["file"] = sys.stderr
            plain(*args, **options)

    builtins.print = both


def _littlefs(vfs, flash):
    """The chip's file system; without file times, which would be the host's wall clock."""
    return vfs.VfsLfs2(flash, progsize=256, mtime=False)


def _mount(values):
    import rp2
    import vfs

    rp2.open_flash(values["flash_path"])
    vfs.umount("/")
    flash = rp2.Flash()
    try:
        root = _littlefs(vfs, flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        root = _littlefs(vfs, flash)
    vfs.mount(root, "/")
    vfs.mount(vfs.VfsPosix(sys.argv[1]), "/bench", readonly=True)
    sys.path[:] = ["/bench", "", "/firmware", "/lib"]
    for name, directory in values["packages"].items():
        vfs.mount(vfs.VfsPosix(directory), "/firmware/" + name, readonly=True)


def _provision(files):
    import binascii
    import os

    for path, content in files.items():
        try:
            os.stat(path)
            continue
        except OSError:
            pass
        parts = path.split("/")
        for depth in range(2, len(parts)):
            try:
                os.mkdir("/".join(parts[:depth]))
            except OSError:
                pass
        with open(path, "wb") as file:
            file.write(binascii.unhexlify(content))


def _deploy(directory):
    """What whoever puts the firmware on a device writes beside it; not anew when it is there."""
    import os

    import vfs

    vfs.mount(vfs.VfsPosix(directory), "/deployed", readonly=True)
    for name in os.listdir("/deployed"):
        source, target = "/deployed/" + name, "/" + name
        if not _same(source, target):
            with open(source, "rb") as reader, open(target, "wb") as writer:
                _copy(reader, writer)
    vfs.umount("/deployed")


def _same(source, target):
    try:
        with open(source, "rb") as one, open(target, "rb") as other:
            while True:
                part = one.read(_PART_BYTES)
                if part != other.read(_PART_BYTES):
                    return False
                if not part:
                    return True
    except OSError:
        return False


def _copy(reader, writer):
    while True:
        part = reader.read(_PART_BYTES)
        if not part:
            return
        writer.write(part)


def _main_py(entry):
    """The program: main.py of the file system, or what stands for it while there is none."""
    try:
        with open("/main.py") as file:
            return file.read()
    except OSError:
        return entry


def _run(source):
    try:
        exec(source, {"__name__": "__main__"})  # noqa: S102 - main.py is text for the chip too
    except SystemExit as error:
        if error is bench_core.BENCH_IS_GONE:
            raise
    except BaseException as error:  # noqa: BLE001 - shown as the chip shows it
        for stream in (sys.stdout, sys.stderr):
            sys.print_exception(error, stream)
    bench_core.exchange(bench_frame.ENDED)


def _forget_program():
    """A soft reset: what the program had loaded and mounted is gone."""
    import gc

    import vfs

    for name in list(sys.modules):
        if name.split(".")[0] in ("inversion_table", "chooser"):
            del sys.modules[name]
    while sys.path[0] != "/bench":
        vfs.umount(sys.path.pop(0))
    gc.collect()


def _run_again_and_again(entry):
    import bench_repl

    while True:
        _run(_main_py(entry))
        bench_repl.serve(_forget_program)
        _forget_program()


def _main():
    values = bench_config.values
    bench_core.state[bench_core.PULLED_UP] = values["external_pull_ups"]
    bench_core.out[bench_frame.NOW_US] = values["boot_us"]
    bench_core.open_pipes(values["replies_fd"], values["requests_fd"])
    _replace_micropython()
    _replace_print()
    import random

    random.seed(values["seed"])
    bench_core.exchange(bench_frame.HELLO)
    _mount(values)
    rp2 = sys.modules["rp2"]
    rp2.at_the_factory(True)
    _deploy(values["deployed"])
    _provision(values.pop("provision"))
    rp2.at_the_factory(False)
    _run_again_and_again(values["entry"])


_main()
