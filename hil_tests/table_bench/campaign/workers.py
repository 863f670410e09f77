"""Who carries the runs out: this process, Dask's workers here or on a cluster, or plain processes.

Dask is an optional extra and is imported only when it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice

from table_bench.campaign.results import Result, carry_out

INSTALL = "pip install 'inversion-table-controller[campaign]'"
_AHEAD = 4  # runs waiting for each worker: few, so that an interruption loses little


class NoDask(RuntimeError):
    """A cluster was asked for, and Dask is not installed; the text says what to do."""


def carry_out_all(run_ids: list[str], workers: int, scheduler: str | None) -> Iterator[Result]:
    """Results as they are finished, in whatever order."""
    if scheduler is None and workers <= 1:
        return (carry_out(run_id) for run_id in run_ids)
    try:
        import dask.distributed  # noqa: F401
    except ImportError:
        if scheduler is not None:
            raise NoDask(f"--scheduler needs Dask, which is not installed: {INSTALL}") from None
        print(
            f"Dask is not installed ({INSTALL}); using {workers} plain processes instead.",
            file=sys.stderr,
        )
        return _by_processes(run_ids, workers)
    return _by_dask(run_ids, workers, scheduler)


def _by_processes(run_ids: list[str], workers: int) -> Iterator[Result]:
    with ProcessPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(carry_out, run_id) for run_id in run_ids]):
            yield future.result()


def _by_dask(run_ids: list[str], workers: int, scheduler: str | None) -> Iterator[Result]:
    from dask.distributed import Client, LocalCluster
    from dask.distributed import as_completed as dask_as_completed

    cluster = (
        None
        if scheduler
        else LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
    )
    with Client(scheduler or cluster) as client:
        todo = iter(run_ids)
        threads = sum(client.nthreads().values()) or 1
        first = list(islice(todo, threads * _AHEAD))
        under_way = dask_as_completed(
            [client.submit(carry_out, run_id, pure=False) for run_id in first]
        )
        for future in under_way:
            yield future.result()
            following = next(todo, None)
            if following is not None:
                under_way.add(client.submit(carry_out, following, pure=False))
    if cluster is not None:
        cluster.close()
