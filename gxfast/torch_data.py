"""Personal haplotypes as a dataset of PyTorch, which is imported when the class is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from ._objects import optional_package
from .personal.stream import HaplotypeStream

__all__ = ["PersonalHaplotypes"]  # noqa: F822


@cache
def _personal_haplotypes() -> Any:
    torch = optional_package("torch", "gxfast.torch_data", "pip install torch")
    data = optional_package("torch.utils.data", "gxfast.torch_data", "pip install torch")

    class PersonalHaplotypes(HaplotypeStream, data.IterableDataset):  # type: ignore[misc,name-defined]
        """A `gxfast.HaplotypeStream` whose items hold tensors, for ``torch.utils.data.DataLoader``.

        Each worker of each rank takes windows of its own, so that every item comes once, and with the same bytes for
        any number of workers. Items of several workers come in turn; ``window``, ``person`` and ``haplotype`` say what
        an item is. Tensors are the memory that the kernels wrote.

        Parameters
        ----------
        genome, genotypes, windows, each, layout, dtype, unknown, channels, anchor, policy, max_mem
            As of `gxfast.HaplotypeStream`. ``each="haplotype"`` has as many carriers as there are: load it with
            ``batch_size=None``, or with a ``collate_fn``.
        rank, world_size : int, optional
            Those of ``torch.distributed`` by default, where it is initialised; else 0 of 1.

        Raises
        ------
        InputError
            If torch is not installed; else as of `gxfast.HaplotypeStream`.
        """

        def __init__(
            self, *inputs: Any, rank: int | None = None, world_size: int | None = None, **options: Any
        ) -> None:
            super().__init__(*inputs, **options)
            spread = torch.distributed.is_available() and torch.distributed.is_initialized()
            self.rank = rank if rank is not None else torch.distributed.get_rank() if spread else 0
            self.world_size = world_size or (torch.distributed.get_world_size() if spread else 1)
            self.shard(self.rank, self.world_size)  # words the error

        def __iter__(self) -> Iterator[dict[str, Any]]:
            worker = data.get_worker_info()
            number, of = (worker.id, worker.num_workers) if worker else (0, 1)
            for item in self.shard(self.rank * of + number, self.world_size * of):
                yield {
                    name: value if isinstance(value, int) else torch.from_dlpack(value) for name, value in item.items()
                }

    PersonalHaplotypes.__qualname__ = "PersonalHaplotypes"  # by which a worker that is spawned finds it
    return PersonalHaplotypes


def __getattr__(name: str) -> Any:
    if name == "PersonalHaplotypes":
        return _personal_haplotypes()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
