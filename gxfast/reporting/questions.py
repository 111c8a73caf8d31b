"""The sections of the page: what a reader asks, and the figures and tables of all models that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .answers import Answers, Fact
from .page_data import PageData, PagedTable
from .parts import Figure, Section
from .tables import TableView

__all__ = ["Answer", "Question", "questions"]

# Key, short name for the list of sections, question about one model, and about several.
_QUESTIONS: Final = (
    ("people", "People", "Does the model predict people?", "Do the models predict people?"),
    ("genes", "Genes", "Does it rank genes?", "Do they rank genes?"),
    ("baseline", "Baseline", "Is it better than a line?", "Are they better than a line?"),
    ("direction", "Direction", "Does it know the direction?", "Do they know the direction?"),
    ("variants", "Variants", "Does it rank variants?", "Do they rank variants?"),
    ("drivers", "Drivers", "Which variants drive it?", "Which variants drive them?"),
    ("generalise", "Generalise", "Does it generalise?", "Do they generalise?"),
    ("success", "Success", "Where does it work?", "Where do they work?"),
    ("agree", "Agreement", "Do the models agree?", "Do the models agree?"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """A figure of a model, with the number of its dots in the page's data; only key numbers where it has no figure."""

    section: Section | None
    figure: Figure | None
    dots: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """A section: its numbers, answers one beside the other, and tables with their titles and notes.

    ``changes`` says what would change the answer.
    """

    key: str
    short: str
    title: str
    answers: list[Answer]
    tables: list[tuple[str, str, PagedTable]]
    left_out: list[str]
    facts: list[Fact]
    changes: str


def questions(
    page: PageData, sections: list[Section], pairs: list[Figure], views: list[TableView], said: Mapping[str, Answers]
) -> list[Question]:
    """Put what was drawn of each model under what it answers; questions without any answer are left out."""
    found = []
    pairs = [*pairs, *(figure for one in said.values() for figure in one.figures)]
    for key, short, one, several in _QUESTIONS:
        drawn = [s for s in sections if s.detailed]
        answers = [_answer(page, s, figure) for s in drawn for figure in s.figures if figure.question == key]
        kinds = list(dict.fromkeys(a.figure.title for a in answers if a.figure))
        answers.sort(key=lambda a: kinds.index(a.figure.title) if a.figure else 0)  # models side by side
        answers += [_answer(page, None, figure) for figure in pairs if figure.question == key]
        if key == "people":
            answers += [Answer(s, None, None) for s in drawn if not any(f.question == key for f in s.figures)]
        tables = [
            (v.title, v.note, page.add(v.title, v.columns, genes=v.genes, part_of=v.part_of))
            for v in views
            if v.question == key
        ]
        left_out = [
            f"{s.model}: {why}" if len(drawn) > 1 else why for s in drawn for about, why in s.left_out if about == key
        ]
        known = said.get(key, Answers([], [], ""))
        if answers or tables or left_out or known.facts:
            title = one if len(drawn) == 1 else several
            found.append(Question(key, short, title, answers, tables, left_out, known.facts, known.changes))
    return found


def _answer(page: PageData, section: Section | None, figure: Figure) -> Answer:
    return Answer(section, figure, None if figure.dots is None else page.add_dots(figure.dots))
