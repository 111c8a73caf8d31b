"""A planned job on a Dask cluster: one task a shard; what travels is a directory's name, a number and a hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import GxfastError, InputError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["connected", "on_dask", "shard_task"]

_REMEDY: Final = "pip install 'gxfast[dask]'"
_RETRIES: Final = 5  # of a shard: a worker that was lost, a file system that was slow to say so


def shard_task(directory: str, index: int, total: int, threads: int) -> str:
    """Make a shard of a planned job in this process; return the SHA-256 of its journal.

    Files appear in the directory when they are whole, so that a task that is killed, or done twice, harms nothing.
    """
    from ..io.files import sha256_of
    from ..models.kept import keep_models
    from ..workflow.journal import journal_file
    from ..workflow.shard import Shard
    from .jobs import make_shard

    keep_models()  # the next shard of this worker finds its sessions open
    shard = Shard(index, total)
    make_shard(directory, shard, {"threads": threads, "verbose": 0, "quiet": True, "as_json": False})
    return sha256_of(journal_file(Path(directory), shard))


def on_dask(
    directory: str | Path, client: Client, *, threads: int = 1, resources: Mapping[str, float] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Make all shards of a planned job on a cluster.

    Parameters
    ----------
    directory : str or Path
        Where ``gxfast plan`` has planned the job; every worker sees it, and the inputs, under the same names.
    client : distributed.Client
        Of any cluster (dask-jobqueue, dask-kubernetes, LocalCluster).
    threads : int
        Of each task.
    resources : mapping of str to float, optional
        What each task needs of its worker, as ``{"GPU": 1}``.
    progress : callable, optional
        Called with (task, shards done, shards in all).

    Returns
    -------
    dict of str to str
        SHA-256 of each shard's journal, by ``i/N``. ``gxfast merge`` then puts the shards together.

    Raises
    ------
    GxfastError
        From a shard that failed; finished blocks stay.
    """
    from distributed import as_completed

    from ..workflow.planned import read_job, shard_states

    path, found = Path(directory).resolve(), {}
    n = read_job(path).shards
    left = [one.shard for one in shard_states(path, n) if one.state != "done"]
    tasks = {
        client.submit(
            shard_task, str(path), shard.index, n, threads, key=f"gxfast-{path.name}-{shard.name}", pure=False,
            retries=_RETRIES, resources=dict(resources) if resources else None,
        ): shard
        for shard in left
    }  # fmt: skip
    if progress:
        progress("shards", n - len(tasks), n)
    for task in as_completed(list(tasks)):
        try:
            found[str(tasks[task])] = task.result()
        except GxfastError:
            client.cancel(list(tasks))
            raise
        except Exception as error:
            client.cancel(list(tasks))
            raise GxfastError(
                f"shard {tasks[task]} was not done on the cluster: {type(error).__name__}: {error}",
                path=path,
                remedy="look at the workers' logs; run the same command again: finished blocks are not done again",
            ) from error
        if progress:
            progress("shards", n - len(tasks) + len(found), n)
    return found


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a cluster by the address or the file of its scheduler; ``local:N`` starts N workers here.

    Raises
    ------
    InputError
        If Dask is not installed, or nobody answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("--dask needs Dask", remedy=_REMEDY) from None
    local, _, n = address.partition(":")
    if local == "local" and n.isdecimal() and int(n) > 0:
        with LocalCluster(n_workers=int(n), threads_per_worker=1, dashboard_address=None) as own, Client(own) as client:
            yield client
        return
    where = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        client = Client(**where, timeout=30)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no scheduler of Dask answers at {address[:100]!r} ({error})",
            remedy="give the address that dask scheduler printed, its --scheduler-file, or local:N",
        ) from None
    with client:
        yield client
