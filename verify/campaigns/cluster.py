"""The chunks of a campaign on a Dask cluster that is there already.

Neighbours: `pool` has processes of our own, `campaign` takes either.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ...kernels.errors import InputError, install

PATIENCE = 5
"""Seconds until a scheduler must have answered."""


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor that works on a Dask cluster, and how many workers it has.

    A worker that is lost is no loss: its chunks are done again by another one.

    Args:
        address: of the scheduler, `tcp://host:port`, or its scheduler file.

    Raises:
        InputError: Dask is not installed, nobody answers within `PATIENCE`, there are no workers, or one has several
            threads, which would draw in one another's way.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(f"--dask needs the package distributed; {install('dask')}") from None
    where: dict[str, Any] = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        client = Client(**where, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
        raise InputError(f"there is no Dask scheduler at {address} ({why}); start one: dask scheduler") from None
    with client:
        threads = cast(dict[str, int], client.nthreads())
        if not threads:
            raise InputError(f"the cluster at {address} has no workers; start some: dask worker {address} --nthreads 1")
        if max(threads.values()) > 1:
            raise InputError(f"a worker of {address} has several threads; start workers with --nthreads 1 --nworkers N")
        yield client.get_executor(), len(threads)
