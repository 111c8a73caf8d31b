"""Haplotypes one after the other: the bytes of `gxfast.haplotypes`, in shards, and as a dataset of PyTorch."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gxfast as gx

L = 64


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, make_world: Any) -> tuple[gx.Genome, gx.VariantFile, gx.Windows]:
    """Seven windows of two contigs, both strands; three people, one of them with one copy of a contig."""
    rng = np.random.default_rng(7)
    contigs = {name: "".join(rng.choice(list("ACGT"), 600)) for name in ("a", "x")}
    records = []
    for name, letters in contigs.items():
        for pos in range(20, 560, 9):
            ref = letters[pos - 1]
            alt = {"A": "C", "C": "GT", "G": "T", "T": "A"}[ref]
            calls = [f"{rng.integers(2)}|{rng.integers(2)}" for _ in range(3)]
            records.append((name, pos, ref, alt, [*calls[:2], calls[2][:1] if name == "x" else calls[2]]))
    world = make_world(tmp_path_factory.mktemp("stream"), contigs, records, ("s1", "s2", "s3"))
    start = np.array([10, 80, 150, 300, 5, 200, 400])
    windows = gx.Windows(("a",) * 4 + ("x",) * 3, start, L, start + 30, np.array([0, 1, 0, 1, 0, 1, 0], bool))
    return world.genome, world.variants, windows


def test_one_item_per_person_and_haplotype(inputs: Any) -> None:
    batch = gx.haplotypes(*inputs)
    items = list(gx.HaplotypeStream(*inputs))
    found = [(one["window"], one["person"], one["haplotype"]) for one in items]
    assert found == [tuple(place) for place in np.argwhere(batch.carriers >= 0).tolist()]
    assert len(found) == 7 * 6 - 3  # one copy of contig x
    for one, place in zip(items, found, strict=True):
        assert np.array_equal(one["sequence"], batch.sequences[batch.carriers[place]])
        assert one["sequence"].shape == (L,)


def test_one_item_per_distinct_haplotype(inputs: Any) -> None:
    batch = gx.haplotypes(*inputs)
    items = list(gx.HaplotypeStream(*inputs, each="haplotype"))
    assert [one["window"] for one in items] == batch.window.tolist()
    for row, one in enumerate(items):
        assert np.array_equal(one["sequence"], batch.sequences[row])
        where = np.argwhere(batch.carriers[one["window"]] == row)
        assert one["carriers"].tolist() == where.tolist()
    assert sum(len(one["carriers"]) for one in items) == 39


@pytest.mark.parametrize(("layout", "dtype"), [("NLC", "float32"), ("NCL", "float16"), ("NC1L", "uint8")])
def test_one_hot(inputs: Any, layout: str, dtype: str) -> None:
    batch = gx.haplotypes(*inputs)
    expected = gx.one_hot(batch.sequences, layout=layout, dtype=dtype, channels="TGCA")
    stream = gx.HaplotypeStream(*inputs, each="haplotype", layout=layout, dtype=dtype, channels="TGCA")
    for row, one in enumerate(stream):
        assert one["sequence"].dtype == dtype
        assert np.array_equal(one["sequence"], expected[row])


def test_items_do_not_share_memory(inputs: Any) -> None:
    kept = list(gx.HaplotypeStream(*inputs, layout="NLC"))
    again = gx.HaplotypeStream(*inputs, layout="NLC")
    assert all(np.array_equal(a["sequence"], b["sequence"]) for a, b in zip(kept, again, strict=True))
    assert not np.may_share_memory(kept[0]["sequence"], kept[1]["sequence"])


def test_shards_have_every_item_once(inputs: Any) -> None:
    stream = gx.HaplotypeStream(*inputs)
    whole = {key(one): one["sequence"].tobytes() for one in stream}
    parts = [[*stream.shard(number, 3)] for number in range(3)]
    assert sum(map(len, parts)) == len(whole)
    assert {key(one): one["sequence"].tobytes() for part in parts for one in part} == whole
    assert list(stream.shard(7, 8)) == []


def key(item: Any) -> tuple[int, int, int]:
    return tuple(int(item[name]) for name in ("window", "person", "haplotype"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"each": "gene"}, "each must be"), ({"layout": "LNC"}, "layout must be"),
        ({"policy": gx.HaplotypePolicy(phase="sample:3")}, "several phasings"),
        ({"layout": "NLC", "dtype": "int8", "unknown": "quarter"}, "fractions"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_once(inputs: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(gx.InputError, match=message):
        gx.HaplotypeStream(*inputs, **options)
    with pytest.raises(gx.InputError, match="number must be 0 to 1, found 2"):
        gx.HaplotypeStream(*inputs).shard(2, 2)


def test_one_window_is_in_memory_at_a_time(inputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read, and when: window by window, as the iteration comes to it."""
    genome, variants, windows = inputs
    read = []
    region = gx.VariantFile.region
    monkeypatch.setattr(gx.VariantFile, "region", lambda self, *where: read.append(where) or region(self, *where))
    items = iter(gx.HaplotypeStream(genome, variants, windows))
    assert read == []
    for _ in range(6):
        next(items)
    assert len(read) == 1
    next(items)
    assert len(read) == 2


def test_readers_travel_to_another_process(inputs: Any) -> None:
    stream = gx.HaplotypeStream(*inputs)
    next(iter(stream))  # handles are open
    again = pickle.loads(pickle.dumps(stream))
    assert [one["sequence"].tobytes() for one in again] == [one["sequence"].tobytes() for one in stream]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has processors
class TestTorch:
    """`gxfast.torch_data.PersonalHaplotypes` under a DataLoader."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch", reason="torch is not installed")

    def made(self, inputs: Any, **options: Any) -> Any:
        from gxfast.torch_data import PersonalHaplotypes

        return PersonalHaplotypes(*inputs, **options)

    @pytest.mark.parametrize("workers", [0, 2, 3])
    def test_the_same_bytes_for_any_number_of_workers(self, inputs: Any, workers: int) -> None:
        from torch.utils.data import DataLoader

        expected = {key(one): one["sequence"].tobytes() for one in gx.HaplotypeStream(*inputs, layout="NCL")}
        loader = DataLoader(self.made(inputs, layout="NCL"), batch_size=4, num_workers=workers)
        found = {}
        for batch in loader:
            assert tuple(batch["sequence"].shape[1:]) == (4, L)
            for i, row in enumerate(batch["sequence"]):
                place = key({name: batch[name][i] for name in ("window", "person", "haplotype")})
                assert place not in found
                found[place] = row.numpy().tobytes()
        assert found == expected

    def test_ranks_and_workers_share_the_windows(self, inputs: Any) -> None:
        from torch.utils.data import DataLoader

        found: list[tuple[int, int, int]] = []
        for rank in range(2):
            loader = DataLoader(self.made(inputs, rank=rank, world_size=2), batch_size=None, num_workers=2)
            found += map(key, loader)
        assert sorted(found) == sorted(map(key, gx.HaplotypeStream(*inputs)))
        with pytest.raises(gx.InputError, match="number must be 0 to 1, found 2"):
            self.made(inputs, rank=2, world_size=2)

    def test_workers_that_are_spawned(self, inputs: Any) -> None:
        from torch.utils.data import DataLoader

        loader = DataLoader(
            self.made(inputs, each="haplotype"), batch_size=None, num_workers=1, multiprocessing_context="spawn"
        )
        batch = gx.haplotypes(*inputs)
        items = list(loader)
        assert [one["sequence"].numpy().tobytes() for one in items] == [row.tobytes() for row in batch.sequences]
        assert items[0]["carriers"].dtype.is_floating_point is False

    def test_tensors_are_what_the_kernel_wrote(self, inputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        written = []
        plain = gx.HaplotypeStream._encoded
        monkeypatch.setattr(
            gx.HaplotypeStream, "_encoded", lambda self, x: written.append(plain(self, x)) or written[-1]
        )
        first = next(iter(self.made(inputs, layout="NLC")))
        assert first["sequence"].data_ptr() == written[-1].__array_interface__["data"][0]


def test_torch_is_imported_by_its_module_alone() -> None:
    code = "import sys, gxfast, gxfast.torch_data; gxfast.HaplotypeStream; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from gxfast import torch_data

    torch_data._personal_haplotypes.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(gx.InputError, match="torch_data needs torch") as caught:
        torch_data.PersonalHaplotypes  # noqa: B018
    assert caught.value.remedy == "pip install torch"
    monkeypatch.undo()
    torch_data._personal_haplotypes.cache_clear()


def test_dlpack_hands_over_the_memory(inputs: Any) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    batch = gx.haplotypes(*inputs)
    tensor = torch.from_dlpack(batch)
    assert (tensor.data_ptr(), tuple(tensor.shape)) == (address(batch.sequences), batch.sequences.shape)
    tensor[0, 0] = ord("N")
    assert batch.sequences[0, 0] == ord("N")
    for array in (
        gx.one_hot(batch.sequences),
        gx.one_hot(batch.sequences, layout="NCL", dtype="float16"),
        batch.carriers,
    ):
        assert torch.from_dlpack(array).data_ptr() == address(array)
    buffers = gx.EditedBatches("ACGT" * 9, gx.Edits.single([1, 2], "AC"), batch_size=2)
    assert torch.from_dlpack(buffers.buffer).data_ptr() == address(buffers.buffer)
    part = gx.one_hot(batch.sequences)[::2, 3:]  # with strides
    assert torch.from_dlpack(part).stride() == tuple(step // 4 for step in part.strides)
    assert batch.__dlpack_device__() == (1, 0)


def test_dlpack_to_jax(inputs: Any) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    batch = gx.haplotypes(*inputs)
    for array in (batch.sequences, gx.one_hot(batch.sequences), gx.one_hot(batch.sequences, layout="NCL")):
        assert jax.numpy.from_dlpack(array, copy=False).unsafe_buffer_pointer() == address(array)


@pytest.mark.parametrize("shape", [(3,), (5, 7), (1, 1 << 21)])
def test_outputs_lie_where_jax_takes_them_without_a_copy(shape: tuple[int, ...]) -> None:
    """JAX asks for addresses that are multiples of 64; NumPy gives multiples of 16."""
    for n in range(1, 9):
        letters = np.full((n, 33), ord("A"), np.uint8)
        assert address(gx.one_hot(letters)) % 64 == address(gx.codes(letters)) % 64 == 0
    from gxfast.kernels.streaming import aligned_array

    made = aligned_array(shape, "float32")
    assert (made.shape, made.dtype.name, address(made) % 64) == (shape, "float32", 0)
    assert made.flags.c_contiguous
    assert made.flags.writeable


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])
