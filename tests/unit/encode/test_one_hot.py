"""One-hot, codes and reverse complement: expectations typed by hand, refusals, both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gxfast.encode.alphabet import as_sequences
from gxfast.encode.one_hot import codes, one_hot, reverse_complement
from gxfast.errors import InputError

A, C, G, T, ZERO = [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]
QUARTER = [0.25] * 4

pytestmark = pytest.mark.usefixtures("backend")


class TestOneHot:
    def test_nlc(self) -> None:
        found = one_hot(["ACGT", "TTNA"])
        assert found.dtype == np.float32
        assert found.tolist() == [[A, C, G, T], [T, T, ZERO, A]]

    def test_ncl_and_nc1l(self) -> None:
        expected = [[[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]]
        assert one_hot(["AGN"], layout="NCL").tolist() == expected
        wide = one_hot(["AGN"], layout="NC1L")
        assert wide.shape == (1, 4, 1, 3)
        assert wide[:, :, 0].tolist() == expected

    @pytest.mark.parametrize(("layout", "shape"), [("NLC", (2, 4)), ("NCL", (4, 2)), ("NC1L", (4, 1, 2))])
    def test_a_single_sequence_has_no_first_axis(self, layout: str, shape: tuple[int, ...]) -> None:
        for given in ("AC", b"AC", np.frombuffer(b"AC", np.uint8)):
            assert one_hot(given, layout=layout).shape == shape
        assert one_hot(["AC"], layout=layout).shape == (1, *shape)

    @pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int8", "float64"])
    def test_dtypes(self, dtype: str) -> None:
        for given in (dtype, np.dtype(dtype)):
            found = one_hot("GAXT", dtype=given)  # type: ignore[arg-type]
            assert found.dtype == np.dtype(dtype)
            assert found.tolist() == [G, A, ZERO, T]

    def test_case_u_and_codes_mix(self) -> None:
        assert one_hot("acgtu").tolist() == [A, C, G, T, T]
        mixed = np.array([0, ord("c"), 2, ord("T"), 4, 3, ord("N"), 255, 1], np.uint8)
        assert one_hot(mixed).tolist() == [A, C, G, T, ZERO, T, ZERO, ZERO, C]

    def test_unknown_policies(self) -> None:
        assert one_hot("AN-", unknown="zero").tolist() == [A, ZERO, ZERO]
        assert one_hot("AN-", unknown="quarter").tolist() == [A, QUARTER, QUARTER]
        with pytest.raises(InputError, match=r"unknown base 'N' in sequence 1 at position 2 \(2 in all\)"):
            one_hot(["ACGT", "ACN-"], unknown="error")
        assert one_hot("ACgu", unknown="error").tolist() == [A, C, G, T]

    def test_ambiguous_policies(self) -> None:
        third = np.float32(1 / 3)
        assert one_hot("RA", ambiguous="unknown").tolist() == [ZERO, A]
        assert one_hot("RA", ambiguous="unknown", unknown="quarter").tolist() == [QUARTER, A]
        assert one_hot("RyN", ambiguous="fraction").tolist() == [[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], ZERO]
        assert one_hot("BN", ambiguous="fraction", unknown="quarter").tolist() == [
            [0, third, third, third],
            QUARTER,
        ]
        with pytest.raises(InputError, match="ambiguous base 'R' in sequence 0 at position 1"):
            one_hot("NR", ambiguous="error")
        assert one_hot("NA", ambiguous="error").tolist() == [ZERO, A]

    def test_both_errors_and_which_base_they_name(self) -> None:
        with pytest.raises(InputError, match="unknown base 'N'"):
            one_hot("AN", unknown="error", ambiguous="fraction")
        assert one_hot("AR", unknown="error", ambiguous="fraction").tolist() == [A, [0.5, 0, 0.5, 0]]
        with pytest.raises(InputError, match="base 'R' in sequence 0 at position 1"):
            one_hot("AR", unknown="error", ambiguous="error")

    def test_channel_order(self) -> None:
        assert one_hot("ACGT", channels="TGCA").tolist() == [T, G, C, A]
        assert one_hot("AC", channels="AGTC", layout="NCL").tolist() == [[1, 0], [0, 0], [0, 0], [0, 1]]
        assert one_hot("R", channels="CATG", ambiguous="fraction").tolist() == [[0, 0.5, 0, 0.5]]

    @pytest.mark.parametrize("channels", ["ACGT", "ATGC", "TGCA"])
    @pytest.mark.parametrize("layout", ["NLC", "NCL", "NC1L"])
    def test_reverse_complement_is_that_of_the_letters(self, channels: str, layout: str) -> None:
        options: dict[str, Any] = {"channels": channels, "layout": layout, "ambiguous": "fraction"}
        text = ["ACGGTNRYKMBVDHSW", "TTTTTTTTTTTTTTTA"]
        direct = one_hot(text, reverse_complement=True, **options)
        assert np.array_equal(direct, one_hot(reverse_complement(text), **options))
        assert one_hot("AAC", reverse_complement=True).tolist() == [G, T, T]

    def test_empty(self) -> None:
        assert one_hot([]).shape == (0, 0, 4)
        assert one_hot("").shape == (0, 4)
        assert one_hot(["", ""], layout="NCL").shape == (2, 4, 0)
        assert one_hot(np.empty((0, 7), np.uint8), layout="NC1L").shape == (0, 4, 1, 7)

    def test_threads_do_not_change_a_byte(self) -> None:
        sequences = np.random.default_rng(1).choice(np.frombuffer(b"ACGTN", np.uint8), (9, 30_011))
        one = one_hot(sequences, layout="NCL", n_threads=1)
        for n_threads in (2, 0):
            assert np.array_equal(one, one_hot(sequences, layout="NCL", n_threads=n_threads))
            assert np.array_equal(codes(sequences), codes(sequences, n_threads=n_threads))
        with pytest.raises(InputError, match="n_threads"):
            one_hot("A", n_threads=-1)

    def test_strided_input(self) -> None:
        sequences = np.frombuffer(b"AxCxGxTx", np.uint8)
        assert one_hot(sequences[::2]).tolist() == [A, C, G, T]
        assert one_hot(sequences[::-2][None, 1:]).tolist() == [[ZERO, ZERO, ZERO]]


class TestOut:
    @pytest.mark.parametrize("layout", ["NLC", "NCL", "NC1L"])
    def test_is_filled_and_returned(self, layout: str) -> None:
        out = np.full_like(one_hot(["ACG", "TTT"], layout=layout), 7)
        assert one_hot(["ACG", "TTT"], layout=layout, out=out) is out
        assert np.array_equal(out, one_hot(["ACG", "TTT"], layout=layout))

    def test_refusals(self) -> None:
        wide = np.zeros((1, 2, 8), np.float32)
        readonly = np.zeros((1, 2, 4), np.float32)
        readonly.flags.writeable = False
        for out, message in [
            (np.zeros((1, 2, 4), np.float64), r"float32 array of shape \(1, 2, 4\), found float64"),
            (np.zeros((2, 4), np.float32), r"shape \(1, 2, 4\)"),
            (np.zeros((1, 2, 4), ">f4"), "float32 array"),
            ([[0.0]], "found list"),
            (wide[:, :, ::2], "C-contiguous"),
            (np.zeros((4, 2, 1), np.float32).T, "C-contiguous"),
            (readonly, "writeable"),
        ]:
            with pytest.raises(InputError, match=message):
                one_hot(["AC"], out=out)  # type: ignore[arg-type]
        assert not wide.any()
        with pytest.raises(InputError, match="out must be a uint8 array"):
            codes("AC", out=np.zeros(2, np.int8))  # type: ignore[arg-type]


class TestRefusedInput:
    @pytest.mark.parametrize("dtype", [np.float32, np.bool_, np.int64, np.int8, "S1"])
    def test_other_dtypes(self, dtype: Any) -> None:
        with pytest.raises(InputError, match="must be uint8"):
            one_hot(np.zeros((1, 3), dtype))

    def test_shapes_and_masks(self) -> None:
        for array in (np.zeros((1, 1, 1), np.uint8), np.array(1, np.uint8)):
            with pytest.raises(InputError):
                one_hot(array)
        with pytest.raises(InputError, match="plain array"):
            one_hot(np.ma.masked_array(np.zeros((1, 2), np.uint8)))

    def test_texts(self) -> None:
        with pytest.raises(InputError, match="one length, found 2 to 3"):
            one_hot(["AC", "ACG"])
        with pytest.raises(InputError, match="sequence 1 holds non-ASCII text at position 2"):
            one_hot(["ACGT", "AC\u00c7T"])
        with pytest.raises(InputError, match="sequence 1 must be str or bytes, found int"):
            one_hot(["A", 3])  # type: ignore[list-item]
        for other in (7, None):
            with pytest.raises(InputError):
                one_hot(other)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "options",
        [
            {"layout": "LNC"},
            {"dtype": "int32"},
            {"dtype": "complex64"},
            {"dtype": "no such"},
            {"unknown": "none"},
            {"ambiguous": "zero"},
            {"channels": "ACG"},
            {"channels": "AACGT"},
            {"dtype": "uint8", "unknown": "quarter"},
            {"dtype": "int8", "ambiguous": "fraction"},
        ],
    )
    def test_options(self, options: dict[str, Any]) -> None:
        with pytest.raises(InputError):
            one_hot("ACGT", **options)


class TestCodes:
    def test_by_hand(self) -> None:
        assert codes("ACGTUacgtuNR-").tolist() == [0, 1, 2, 3, 3, 0, 1, 2, 3, 3, 4, 4, 4]
        assert codes(["AC", "GN"]).tolist() == [[0, 1], [2, 4]]
        assert codes("AACN", reverse_complement=True).tolist() == [4, 2, 3, 3]
        assert codes(np.array([0, 1, 2, 3, 4, 5], np.uint8)).tolist() == [0, 1, 2, 3, 4, 4]

    def test_codes_encode_as_their_letters(self) -> None:
        text = "ACGTNACCA"
        assert np.array_equal(one_hot(codes(text)), one_hot(text))


class TestReverseComplement:
    def test_keeps_kind_and_case(self) -> None:
        assert reverse_complement("AACgN") == "NcGTT"
        assert reverse_complement(b"AAC") == b"GTT"
        assert reverse_complement(["AC", b"GG"]) == ["GT", b"CC"]
        array = reverse_complement(np.frombuffer(b"RYKMBVDHSWU", np.uint8))
        assert array.tobytes() == b"AWSDHBVKMRY"
        assert reverse_complement(np.array([0, 1, 4], np.uint8)).tolist() == [4, 2, 3]

    @pytest.mark.parametrize("layout", ["NLC", "NCL", "NC1L"])
    def test_of_one_hot(self, layout: str) -> None:
        for text in (["AACGN", "TTTCA"], "AACGN"):
            encoded = one_hot(text, layout=layout)
            expected = one_hot(reverse_complement(text), layout=layout)
            assert np.array_equal(reverse_complement(encoded, layout=layout), expected)
            out = np.empty_like(encoded)
            assert reverse_complement(encoded, layout=layout, out=out) is out
            assert np.array_equal(out, expected)

    def test_refusals(self) -> None:
        with pytest.raises(InputError, match="does not fit"):
            reverse_complement(np.zeros((2, 4, 9)), layout="NLC")
        with pytest.raises(InputError):
            reverse_complement(np.zeros((1, 4), np.float32))

    def test_in_place(self) -> None:
        """Source and target may be the same array."""
        encoded = one_hot("AACGT")
        expected = reverse_complement(encoded, layout="NLC")
        assert np.array_equal(reverse_complement(encoded, layout="NLC", out=encoded), expected)
        letters = np.frombuffer(b"AACGG", np.uint8).copy()
        reverse_complement(letters, out=letters)
        assert letters.tobytes() == b"CCGTT"


def test_as_sequences_tells_single_from_batch() -> None:
    assert as_sequences("AC")[1] is True
    array, single = as_sequences(("AC", b"GT"))
    assert not single
    assert array.tolist() == [[65, 67], [71, 84]]
