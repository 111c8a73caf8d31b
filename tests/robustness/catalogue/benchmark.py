"""Labels and scores of ``gxfast variants``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import Case, Spoil, empty_metrics, refused, same
from .effects import row_of, table
from .files import bom, crlf, cut, empty, fifo, folder, missing, page
from .project import Project

__all__ = ["CASES"]

LABELS, SCORES = "labels.tsv", "scores.tsv"
CHROM, POS, REF, ALT, PIP, BETA, AF, _, TISSUE = range(9)
ONE = 4  # column of the score
DIRECTION = ("sign_share", "sign_auroc", "spearman", "pearson")
RANKING = ("auroc", "auprc", "auprc_by_chromosome")
ODDS = ("direction_odds_paired", "direction_odds_unpaired")
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def label(column: int, text_of: Callable[[int, str], str]) -> Spoil:
    return table(
        "labels",
        lambda rows: [
            rows[0],
            *([*r[:column], text_of(i, r[column]), *r[column + 1 :]] for i, r in enumerate(rows[1:])),
        ],
    )


def score(text_of: Callable[[int, str], str]) -> Spoil:
    return table("scores", lambda rows: [rows[0], *([*r[:ONE], text_of(i, r[ONE])] for i, r in enumerate(rows[1:]))])


def also(*options: str) -> Spoil:
    """More options; ``{scores}``, ``{labels}`` and ``{folder}`` are what they say."""

    def spoil(p: Project) -> None:
        p.extra = [one.format(scores=p.scores, labels=p.labels, folder=p.folder) for one in options]

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(p: Project) -> None:
        for one in spoils:
            one(p)

    return spoil


def names(what: str, build: str) -> Spoil:
    """Places by names of variants."""
    return table(
        what,
        lambda rows: [
            ["variant_id", *rows[0][4:]],
            *(["_".join([*r[:4], *([build] if build else [])]), *r[4:]] for r in rows[1:]),
        ],
    )


def second(change: Callable[[str], str], *options: str) -> Spoil:
    """A second table of scores."""

    def spoil(p: Project) -> None:
        head, *rows = p.rows(p.scores)
        p.put_rows(p.folder / "other.tsv", [head, *([*r[:ONE], change(r[ONE])] for r in rows)])
        p.extra = ["--scores", f"other={p.folder / 'other.tsv'}", *options]

    return spoil


def labels_in_place(p: Project) -> None:
    p.replace("scores", LABELS)


def some(share: int) -> Spoil:
    return table("scores", lambda rows: rows[: len(rows) // share])


def labels_of_some(share: int) -> Spoil:
    return table("labels", lambda rows: rows[: len(rows) // share])


def alike(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return same(name, spoil, *says, command="benchmark", **rest)


def turned_away(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return refused(name, spoil, *says, command="benchmark", **rest)


CASES = [
    *(
        alike(f"{what} {name}", how(what))
        for what in ("labels", "scores")
        for name, how in (("crlf", crlf), ("bom", bom))
    ),
    alike("scores 1 for chr1", row_of("scores", lambda r: [r[CHROM].removeprefix("chr"), *r[1:]])),
    alike("scores lower case", row_of("scores", lambda r: [*r[:REF], r[REF].lower(), r[ALT].lower(), r[ONE]])),
    alike("scores exchanged", row_of("scores", lambda r: [*r[:REF], r[ALT], r[REF], str(-float(r[ONE]))])),
    alike("scores in another order", table("scores", lambda rows: [rows[0], *rows[:0:-1]])),
    alike("labels in another order", table("labels", lambda rows: [rows[0], *rows[:0:-1]])),
    alike(
        "controls of no covariate",
        both(table("labels", lambda rows: [r[:AF] for r in rows]), also("--controls", "1")),
        "controls are drawn of the same chrom",
        twin=both(table("labels", lambda rows: [r[:AF] for r in [rows[0], *rows[:0:-1]]]), also("--controls", "1")),
    ),
    alike("labels twice", table("labels", lambda rows: [*rows, *rows[1:9]]), "repeated rows 8"),
    alike("scores by name", both(names("labels", "b38"), names("scores", "b38"))),
    alike("scores by name of no build", both(names("labels", "b38"), names("scores", ""))),
    alike(
        "scores by gene, labels of none",
        table("scores", lambda rows: [[*rows[0], "gene_id"], *([*r, "G1"] for r in rows[1:])]),
    ),
    alike("scores of some", some(4), "labels without scores", twin=both(some(4), labels_of_some(4))),
    alike("labels against the FASTA", also("--fasta", "{folder}/genome.fa"), only="variants/metrics.tsv"),
    alike(
        "labels exchanged, with the FASTA",
        both(
            row_of(
                "labels",
                lambda r: [
                    *r[:REF],
                    r[ALT],
                    r[REF],
                    r[PIP],
                    str(-float(r[BETA])),
                    repr(1 - float(r[AF])),
                    *r[AF + 1 :],
                ],
            ),
            also("--fasta", "{folder}/genome.fa"),
        ),
        only="variants/metrics.tsv",
    ),
    *(
        turned_away(f"{what} {name}", how(what), f"{what}.tsv")
        for what in ("labels", "scores")
        for name, how in (("missing", missing), ("empty", empty), ("a folder", folder), ("a web page", page))
    ),
    turned_away("scores a pipe", fifo("scores"), SCORES, child=True),
    turned_away("scores cut in a row", cut("scores", 0.503), SCORES, "line"),
    turned_away(
        "labels of no kind",
        table("labels", lambda rows: [[*r[:PIP], *r[AF:]] for r in rows]),
        LABELS,
        "neither effects nor PIPs",
    ),
    turned_away("labels as scores", labels_in_place, LABELS, "no column holds scores"),
    *(
        turned_away(f"pip {text}", label(PIP, lambda i, t, text=text: text if i == 3 else t), LABELS, "line 5", text)
        for text in ("1.2", "95", "-0.1", "1.0000000001", "inf", "high", "0,95")
    ),
    turned_away("af 1.5", label(AF, lambda i, t: "1.5" if i == 2 else t), LABELS, "line 4"),
    turned_away("beta infinite", label(BETA, lambda i, t: "inf" if i == 1 else t), LABELS, "line 3"),
    turned_away("score infinite", score(lambda i, t: "inf" if i == 3 else t), SCORES, "line 5"),
    turned_away("score comma decimal", score(lambda _, t: t.replace(".", ",")), SCORES, "line 2"),
    turned_away("scores twice", table("scores", lambda rows: [*rows, rows[1]]), SCORES, "chr1_200"),
    turned_away(
        "labels that differ",
        table("labels", lambda rows: [*rows, [*rows[1][:PIP], "0.5", *rows[1][BETA:]]]),
        LABELS,
        "chr1_200",
        "0.5",
    ),
    *(
        turned_away(f"a tissue {name}", label(TISSUE, lambda i, t, name=name: name), LABELS, repr(name))
        for name in ("all", "mean", "weighted mean")
    ),
    turned_away(
        "scores from 0", row_of("scores", lambda r: [r[0], str(int(r[POS]) - 1), *r[2:]]), SCORES, "count from 1"
    ),
    turned_away(
        "labels from 0",
        both(row_of("labels", lambda r: [r[0], str(int(r[POS]) - 1), *r[2:]]), also("--fasta", "{folder}/genome.fa")),
        LABELS,
        "count from 0",
    ),
    turned_away(
        "scores of another build by name", both(names("labels", "b38"), names("scores", "b37")), SCORES, "b37", "b38"
    ),
    turned_away(
        "scores of the other strand",
        row_of("scores", lambda r: [*r[:REF], r[REF].translate(_COMPLEMENT), r[ALT].translate(_COMPLEMENT), r[ONE]]),
        SCORES,
        "other strand",
        "chr1_",
    ),
    turned_away(
        "controls of nothing",
        both(label(PIP, lambda *_: "0.001"), also("--controls", "1")),
        LABELS,
        "no variant is causal",
    ),
    turned_away("compare unknown", also("--compare", "mine,mime"), "'mime'", "'mine'"),
    turned_away("compare one", also("--compare", "mine,mine"), "--compare"),
    turned_away("scores of one name", also("--scores", "mine={scores}"), SCORES, "'mine'"),
    turned_away("scores without a name", also("--scores", "{scores}"), SCORES, "no name"),
    turned_away("scores with an empty name", also("--scores", "={scores}"), SCORES, "no name"),
    turned_away("scores name without a file", also("--scores", "x="), "x=", "no file"),
    turned_away("scores name with a tab", also("--scores", "a\tb={scores}"), SCORES, "tab"),
    *(
        turned_away(f"strata {text}", also("--strata", text), word)
        for text, word in (
            ("distanc", "'distance'"),
            ("distance:5/1", "growing"),
            (",", "--strata"),
            ("effect:q1", "quantiles"),
            ("ancestry", "ancestry"),
        )
    ),
    turned_away("tissue unknown", also("--tissue", "liver"), LABELS, "'liver'"),
    turned_away("column unknown", also("--column", "onne"), SCORES, "'onne'"),
    turned_away("label format unknown", also("--label-format", "vcf"), LABELS, "'vcf'"),
    turned_away("pip the wrong way round", also("--pip", "0.01,0.9"), "--pip"),
    turned_away("pip of words", also("--pip", "high,low"), "--pip"),
    turned_away("output among inputs", also("-o", "{folder}"), LABELS, "-o"),
    turned_away("output an input", also("-o", "{labels}"), LABELS, "-o"),
    empty_metrics(
        "all positives",
        label(PIP, lambda *_: "0.99"),
        "none of 267 variants is a negative",
        metrics=RANKING,
        twin=label(PIP, lambda *_: "0.99"),
    ),
    empty_metrics(
        "no positives", label(PIP, lambda *_: "0.001"), "none of 267 variants is causal", metrics=(*DIRECTION, *RANKING)
    ),
    empty_metrics("no label decided", label(PIP, lambda *_: "0.5"), "PIP between 267", metrics=(*DIRECTION, *RANKING)),
    empty_metrics("no PIP known", label(PIP, lambda *_: "NA"), "no PIP 267", metrics=(*DIRECTION, *RANKING)),
    empty_metrics(
        "no score known",
        score(lambda *_: "NaN"),
        "mine: none of 267 variants has a score",
        metrics=(*DIRECTION, *RANKING),
    ),
    empty_metrics(
        "one row",
        both(table("labels", lambda rows: rows[:2]), table("scores", lambda rows: rows[:2])),
        "is causal",
        metrics=(*DIRECTION, *RANKING),
    ),
    empty_metrics("no effect known", label(BETA, lambda *_: "NA"), metrics=DIRECTION),
    empty_metrics("effects of 0", label(BETA, lambda *_: "0"), metrics=DIRECTION),
    empty_metrics("score of impact", score(lambda _, t: t.removeprefix("-")), "of impact", metrics=DIRECTION),
    empty_metrics(
        "compared with impact",
        second(lambda t: t.removeprefix("-"), "--compare", "mine,other"),
        "of impact",
        metrics=ODDS,
        twin=second(lambda t: t.removeprefix("-")),
    ),
    empty_metrics(
        "too many controls",
        also("--controls", "1000"),
        "81 of 81 causal variants have no controls",
        metrics=("pairwise_accuracy",),
        twin=also("--controls", "1000"),
        code=3,
    ),
]
