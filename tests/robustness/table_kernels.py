"""The kernels themselves, below the functions that check: whatever they are given, memory stays whole.

Results are written between two walls of bytes, which a write beyond the end would change. An array that suits as far
as a kernel can tell may be taken; what cannot be read as it lies in memory has to be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from gxfast.encode.one_hot import one_hot_table
from gxfast.kernels import backend, load_kernels

from .nasty import kinds_of
from .table_sequences import FAR
from .target import Target

__all__ = ["targets"]

_RNG = np.random.default_rng(11)
WALL, BYTE = 64, 0xA5
X, Y = _RNG.normal(0, 1, (4, 12)), _RNG.normal(0, 1, (4, 12))
P = np.sort(_RNG.uniform(0, 1, 12))
DOSAGES = np.array(_RNG.integers(0, 3, (5, 12)), np.int8)
LETTERS = _RNG.choice(np.frombuffer(b"ACGTN", np.uint8), (3, 8))
FIRST, LAST, BEGIN = np.array([0, 1, 2, 0]), np.array([5, 4, 3, 5]), np.array([0, 5, 8, 9])
# Two SNVs, an insertion and a deletion of a reference of 30 bases; haplotypes of the alternative alleles.
REFERENCE = _RNG.choice(np.frombuffer(b"ACGT", np.uint8), 30)
VARIANTS = {
    "position": np.array([3, 9, 14, 20]),
    "ref_length": np.array([1, 1, 1, 3]),
    "first_allele": np.array([0, 2, 4, 6, 8]),
    "allele_offset": np.array([0, 1, 2, 3, 4, 5, 8, 11, 12]),
    "bases": np.frombuffer(b"ACGTAACGTTAT", np.uint8).copy(),
}
ROWS = {"offset": np.array([0, 0, 2, 4]), "alleles": np.array([1, 5, 3, 7], np.int32)}


class _Walled:
    """Arrays to fill, each between two walls."""

    def __init__(self) -> None:
        self._rooms: list[Any] = []

    def array(self, shape: Any, dtype: Any = np.float64) -> Any:
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        room = np.full(n_bytes + 2 * WALL, BYTE, np.uint8)
        self._rooms.append((room, n_bytes))
        return room[WALL : WALL + n_bytes].view(dtype).reshape(shape)

    def stand(self) -> bool:
        return all((room[:WALL] == BYTE).all() and (room[WALL + n :] == BYTE).all() for room, n in self._rooms)


def _walled(call: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``call`` a maker of arrays; its walls have to stand whatever happens."""

    def guarded(**arguments: Any) -> Any:
        walls = _Walled()
        try:
            return call(walls.array, **arguments)
        finally:
            if not walls.stand():
                raise SystemError("bytes beyond an array were written")

    return guarded


def _target(
    name: str,
    call: Callable[..., Any],
    arguments: dict[str, Any],
    words: str = "",
    single: str = "",
    left_out: Mapping[str, Collection[str]] = {},
) -> Target:
    """Inputs in all forms; whatever fits in memory may be taken."""
    assert all(a.flags.c_contiguous for a in arguments.values())
    role = dict.fromkeys(arguments, "raw")
    legal = {n: [one.kind for one in kinds_of("raw", np.array(a)) if one.of_shape] for n, a in arguments.items()}
    legal = {
        n: [*kinds, *VALUES, *(f"{where} {kind}" for where in ("all", "last") for kind in VALUES)]
        for n, kinds in legal.items()
    }
    if single:
        legal[single].append("dtype f4")  # float32 is read, too
    return Target(
        name,
        _walled(call),
        arguments,
        role,
        words=dict.fromkeys(arguments, f"{name.split('[')[0]}|{words or '(?!)'}"),
        loose=frozenset(one.kind for one in kinds_of("raw", X)),
        legal=legal,
        lookup=True,
        left_out=left_out,
    )


VALUES = (
    "nan",
    "inf",
    "-inf",
    "all nan",
    "all inf",
    "all -inf",
    *FAR[:-1],
    # A mask is beside the values that are read; functions above refuse it.
    "masked",
    "masked, nothing hidden",
    "masked, shrunken",
)


def _at_any(kind: str) -> tuple[str, ...]:
    return kind, f"all {kind}", f"last {kind}"


def targets() -> list[Target]:
    """Return one entry per kernel and layer."""
    return [*_statistics(), *_association(), *_sequences(), *_haplotypes(), *_differences()]


def _statistics() -> list[Target]:
    found = []
    for layer in ("compiled", "numba", "numpy"):
        kernels = load_kernels(layer)

        def pearson(new: Any, x: Any, y: Any, _kernels: Any = kernels) -> Any:
            out = new(4), new(4, np.int64), new(4, np.int8)
            _kernels.pearson_rows(x, y, *out)
            return out

        found.append(_target(f"pearson_rows[{layer}]", pearson, {"x": X, "y": Y}, "correlation|y"))
        if layer != "compiled":

            def ranks(new: Any, x: Any, order: Any, _kernels: Any = kernels) -> Any:
                out = new((4, 12))
                _kernels.average_ranks(x, order, out)
                return out

            def step(new: Any, p_sorted: Any, _kernels: Any = kernels) -> Any:
                out = new(12)
                _kernels.step_up(p_sorted, 1.0, out)
                return out

            found.append(
                _target(f"average_ranks[{layer}]", ranks, {"x": X, "order": np.argsort(X, axis=1)}, single="x")
            )
            found.append(_target(f"step_up[{layer}]", step, {"p_sorted": P}, "q"))

        def filled(r: Any, n: Any, why: Any, _kernels: Any = kernels) -> Any:
            _kernels.pearson_rows(X, Y, r, n, why)
            return r, n, why

        outs = {"r": np.zeros(4), "n": np.zeros(4, np.int64), "why": np.zeros(4, np.int8)}
        same = (
            "flat",
            "transposed",
            "overlaps itself",
            *(("unaligned", "an axis more", "an axis more behind", "masked") * (layer == "compiled")),
        )
        found.append(
            Target(
                f"pearson_rows[{layer}]",
                filled,
                outs,
                dict.fromkeys(outs, "out"),
                legal=dict.fromkeys(outs, same),
                words=dict.fromkeys(outs, "correlation|writeable"),
            )
        )
    compiled, numba = load_kernels("compiled"), load_kernels("numba")

    def spearman(new: Any, x: Any, y: Any) -> Any:
        out = new(4), new(4, np.int64), new(4, np.int8)
        compiled.spearman_rows(x, y, *out)
        return out

    def p_values(new: Any, r: Any) -> Any:
        out = new(12), new(12)
        compiled.correlation_p(r, 9.0, *out)
        return out

    def unsorted(new: Any, p: Any) -> Any:
        out = new(12)
        compiled.step_up_unsorted(p, 1.0, out)
        return out

    def path(new: Any, gram: Any, correlation: Any, lambdas: Any) -> Any:
        return numba.gram_path(gram, correlation, 1.0, lambdas, 0.5, 1e-6)

    gram = {"gram": np.corrcoef(X).astype(np.float32), "correlation": X[:, 0] / 4, "lambdas": np.array([0.5, 0.25])}
    return [
        *found,
        _target("spearman_rows", spearman, {"x": X, "y": Y}, "correlation"),
        _target("correlation_p", p_values, {"r": P}),
        _target("step_up", unsorted, {"p": P}),
        _target("gram_path", path, gram),
    ]


def _association() -> list[Target]:
    compiled = load_kernels("compiled")

    def squares(new: Any, dosages: Any, basis: Any) -> Any:
        out = new(5)
        compiled.residual_squares(dosages, basis, out, 2)
        return out

    def associate(new: Any, **arrays: Any) -> Any:
        out = new(14), new(14), new(14)
        order = ("dosages", "squares", "residual", "variance", "first", "last", "begin")
        compiled.associate(*(arrays[name] for name in order), 9.0, 2, *out)
        return out

    def largest(new: Any, unit: Any, permuted: Any, cuts: Any) -> Any:
        out = new((2, 3), np.float32)
        compiled.largest_products(unit, permuted, cuts, 2, out)
        return out

    def effects(new: Any, dosages: Any, basis: Any, scale: Any, phenotype: Any) -> Any:
        out = new((2, 5)), new((2, 5)), new(2), new(2)
        compiled.susie(dosages, basis, scale, phenotype, 0.2, 1e-3, 5, *out)
        return out

    def net(new: Any, dosages: Any, y: Any, folds: Any) -> Any:
        return compiled.elastic_net_cv(dosages, y, folds, 3, [], 0.5, 0.1, 5, -1, 1e-6, True)

    def path(new: Any, x: Any, y: Any) -> Any:
        return compiled.ElasticNetPath(x, y, 0.5, 1e-6, 50).advance(0.1)

    basis = np.linalg.qr(X[:2].T)[0].T.copy()
    scan = {
        "dosages": DOSAGES,
        "squares": np.ones(5),
        "residual": Y,
        "variance": np.ones(4),
        "first": FIRST,
        "last": LAST,
        "begin": BEGIN,
    }
    unit = {
        "unit": X.astype(np.float32),
        "permuted": np.ascontiguousarray(Y[:3].T, np.float32),
        "cuts": np.array([0, 2, 4]),
    }
    return [
        _target("residual_squares", squares, {"dosages": DOSAGES, "basis": basis}),
        # The binding adds a begin and a width before it compares; CisScan counts the begins itself.
        _target("associate", associate, scan, left_out={"begin": _at_any("2^63 - 1")}),
        _target("largest_products", largest, unit),
        _target("susie", effects, {"dosages": DOSAGES, "basis": basis, "scale": np.ones(5), "phenotype": X[0]}),
        _target(
            "elastic_net_cv",
            net,
            {"dosages": DOSAGES, "y": X[0], "folds": np.arange(12, dtype=np.int32) % 3},
            "fold|person|people|dosage",
        ),
        _target("ElasticNetPath", path, {"x": X, "y": X[0]}, "elastic net"),
    ]


def _sequences() -> list[Target]:
    kernels = backend("cpp")
    table, _ = one_hot_table(3, 8, "NLC", "float32", "zero", "ACGT", False)
    codes = np.arange(256, dtype=np.uint8)[::-1].copy()

    def one_hot(new: Any, sequences: Any, table: Any) -> Any:
        out = new((3, 8, 4), np.uint32)
        kernels.one_hot(sequences, table, False, True, False, out, 2)
        return out

    def translate(new: Any, sequences: Any, table: Any) -> Any:
        out = new((3, 8), np.uint8)
        kernels.translate(sequences, table, True, out, 2)
        return out

    def listed(new: Any, sequence: Any) -> Any:
        out = new(20, np.int64), new(20, np.uint8)
        return kernels.list_saturation_edits(sequence, 2, 7, *out), [a[:15].copy() for a in out]

    def mutants(new: Any, sequence: Any, positions: Any, bases: Any) -> Any:
        out = new((3, 8), np.uint8)
        kernels.write_mutants(sequence, positions, bases, out, 2)
        return out

    def edited(new: Any, sequence: Any, table: Any, offset: Any, position: Any, base: Any) -> Any:
        out = new(2 * 8 * 4 * 4, np.uint8)
        out[:] = 0
        rows = kernels.EditedRows(sequence, table, False, offset, position, base, out)
        return [(rows.step(), out.copy()) for _ in range(3)]

    edits = {"offset": np.array([0, 2, 2, 3]), "position": np.array([0, 7, 3]), "base": codes[:3].copy()}
    return [
        _target("one_hot", one_hot, {"sequences": LETTERS, "table": table}),
        _target("translate", translate, {"sequences": LETTERS, "table": codes}),
        _target("list_saturation_edits", listed, {"sequence": LETTERS[0]}),
        _target(
            "write_mutants",
            mutants,
            {"sequence": LETTERS[0], "positions": edits["position"], "bases": edits["base"]},
            "position",
        ),
        _target(
            "EditedRows",
            edited,
            {"sequence": LETTERS[0], "table": table.view(np.uint8).reshape(-1), **edits},
            "position",
        ),
    ]


def _haplotypes() -> list[Target]:
    kernels = backend("cpp")
    known = kernels.Variants(**VARIANTS)
    window = (0, 12, 6, 9)  # reference start, anchor, left, right

    def all_of(new: Any, variants: Any, offset: Any, alleles: Any, reference: Any) -> Any:
        rows = kernels.resolve_overlaps(variants, offset, alleles)
        extents, letters, at = new((3, 3), np.int64), new((3, 15), np.uint8), new((3, 15), np.int64)
        kernels.haplotype_extents(variants, *rows, reference, *window, extents)
        kernels.haplotype_bases(variants, *rows, reference, *window, letters, 2)
        kernels.haplotype_positions(variants, *rows, reference, *window, at, 2)
        return rows, extents, letters, at, kernels.consensus(variants, *rows, reference, 0, 2, 25)

    def variants(new: Any, **table: Any) -> Any:
        return all_of(new, kernels.Variants(**table), reference=REFERENCE, **ROWS)

    def carried(new: Any, offset: Any, alleles: Any, reference: Any) -> Any:
        return all_of(new, known, offset, alleles, reference)

    def unique(new: Any, offset: Any, alleles: Any) -> Any:
        return kernels.unique_rows(offset, alleles)

    def join(new: Any, offset: Any, alleles: Any, shifts: Any) -> Any:
        return kernels.join_rows([(offset, alleles), (ROWS["offset"], ROWS["alleles"])], shifts)

    def calls(new: Any, calls: Any, first_allele: Any) -> Any:
        return kernels.carried_alleles(calls, first_allele)

    def inside(new: Any, offset: Any, alleles: Any, chosen: Any) -> Any:
        return kernels.rows_in_window(known, offset, alleles, chosen, 5, 18)

    kinds = kinds_of("raw", ROWS["offset"])
    converted = {one.kind for one in kinds if one.kind.startswith("dtype")} | {
        "list",
        "tuple",
        "__array__",
        "list of text",
    }
    unchecked = {
        one.kind for one in kinds if one.of_shape or one.kind.removeprefix("all ").removeprefix("last ") in VALUES
    }
    made = {"calls": np.array(_RNG.integers(0, 2, (4, 6)), np.int8), "first_allele": VARIANTS["first_allele"]}
    return [
        # Ends of records are compared with the contig's before a table is made.
        _target("Variants", variants, VARIANTS, "rows|alleles|allele", left_out={"ref_length": ("2^63 - 1",)}),
        _target("rows", carried, {**ROWS, "reference": REFERENCE}, "allele|haplotype|out"),
        _target("unique_rows", unique, ROWS),
        # Pairs of arrays are converted by pybind11; the blocks of a store have the right ones.
        _target(
            "join_rows",
            join,
            {**ROWS, "shifts": np.array([0, 8])},
            left_out={"offset": converted, "alleles": converted},
        ),
        _target("carried_alleles", calls, made),
        # Rows of a store are checked where they are made, not again for each window.
        _target(
            "rows_in_window",
            inside,
            {**ROWS, "chosen": np.array([2, 0, 1])},
            "row",
            left_out={"offset": unchecked, "alleles": unchecked},
        ),
    ]


def _differences() -> list[Target]:
    compiled = load_kernels("compiled")
    weight, dense = _RNG.normal(0, 1, (3, 4, 2)).astype(np.float32), _RNG.normal(0, 1, (8, 2, 3)).astype(np.float32)
    rows = _RNG.normal(0, 1, (8, 2)).astype(np.float32)
    lo, hi = np.maximum(np.arange(8) - 1, 0).astype(np.int32), np.minimum(np.arange(8) + 1, 7).astype(np.int32)

    def program(
        new: Any, lo: Any, hi: Any, weight: Any, dense: Any, rows: Any, offset: Any, position: Any, change: Any
    ) -> Any:
        made = compiled.DeltaProgram(8)
        at = np.arange(8, dtype=np.int32)
        source, convolved, active = made.tensor(8, 4, at, at), made.tensor(8, 2, lo, hi), made.tensor(8, 2, lo, hi)
        made.convolve(source, convolved, weight, 1, 1, 1)
        made.activate(convolved, active, "relu")
        made.dense(active, dense)
        reference = compiled.DeltaReference(made)
        for i, _ in enumerate(made.referenced()):
            reference.set(made, i, rows)
        reference.prepare()
        return made.run(reference, offset, position, change)

    change = _RNG.normal(0, 1, (3, 4)).astype(np.float32)
    edits = {"offset": np.array([0, 2, 2, 3]), "position": np.array([0, 7, 3]), "change": change}
    arguments = {"lo": lo, "hi": hi, "weight": weight, "dense": dense, "rows": rows, **edits}
    return [_target("DeltaProgram", program, arguments, "window|channels|convolve|kernel|tensor|position")]
