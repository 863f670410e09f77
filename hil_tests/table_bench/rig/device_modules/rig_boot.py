"""What the rig's chip does between power-on and the program: modules, files, then main.py."""

import json
import sys

sys.path[:] = [sys.argv[1], sys.argv[2]]

import bench_config  # noqa: E402

with open(sys.argv[3]) as _file:
    bench_config.values = json.load(_file)

import bench_core  # noqa: E402
import bench_frame  # noqa: E402


def _mount(values):
    import vfs

    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(sys.argv[1]), "/rig", readonly=True)
    vfs.mount(vfs.VfsPosix(sys.argv[2]), "/bench", readonly=True)
    sys.path[:] = ["/rig", "/bench", "", "/firmware"]
    vfs.mount(vfs.VfsPosix(values["files"]), "/firmware", readonly=True)


def _main():
    values = bench_config.values
    bench_core.state[bench_core.PULLED_UP] = values["external_pull_ups"]
    bench_core.out[bench_frame.NOW_US] = values["boot_us"]
    bench_core.open_pipes(values["replies_fd"], values["requests_fd"])
    bench_core.exchange(bench_frame.HELLO)
    _mount(values)
    try:
        with open("/firmware/main.py") as main:
            exec(main.read(), {"__name__": "__main__"})  # noqa: S102 - as the chip does
    except SystemExit as error:
        if error is bench_core.BENCH_IS_GONE:
            raise
    except BaseException as error:  # noqa: BLE001 - shown as the chip shows it
        sys.print_exception(error, sys.stderr)
    bench_core.exchange(bench_frame.ENDED)


_main()
