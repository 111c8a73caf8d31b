"""The report in a real browser: sorting, filtering, pages, genes; nothing fetched, no wide page on a phone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.browser import BROWSER, seen_in
from oracles.large_run import EDGES, write_large_run
from oracles.page_file import cells_of, data_of

from gxfast.cli.main import main
from gxfast.io.tables import read_phenotype_rows, read_table
from gxfast.reporting.parts import shown_cell

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

# Clicks through the page as a reader does.
SCRIPT = """
  seen.tables = [];
  for (const box of all(".paged")) {
    const label = box.querySelector(".scroll").getAttribute("aria-label"), heads = all("th", box);
    const column = Math.max(0, heads.findIndex((head) => head.textContent.trim() === "pearson_r"));
    const cells = () => all("tbody tr", box).map((row) => row.cells[column].textContent);
    const came = box.querySelector("tbody").innerText;
    const search = box.querySelector("input[type=search]");
    const enter = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
    enter("x"); enter("");
    const same = came === box.querySelector("tbody").innerText;
    heads[column].querySelector("button").click();
    const up = cells();
    heads[column].querySelector("button").click();
    const down = cells(), aria = heads.map((head) => head.getAttribute("aria-sort"));
    enter(all("tbody tr", box).length ? box.querySelector("tbody td").textContent : "");
    const shown = all("tbody tr", box).length;
    enter("");
    seen.tables.push({ label, column: heads[column].textContent.trim(), up, down, shown, all: up.length, same, aria });
  }
  seen.links = all("nav a").map((a) => Boolean(document.querySelector(a.getAttribute("href"))));
  seen.questions = all("h2").map((head) => head.textContent);
  seen.figures = document.querySelectorAll("figure").length;
  seen.alt = all('figure [role="img"]').every((box) => box.getAttribute("aria-label").length > 20);
  seen.captions = all("figcaption").every((caption) => caption.textContent.length > 20);
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.outside = performance.getEntriesByType("resource").map((entry) => entry.name);
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert main(["demo", "-q", "-o", str(folder), "--people", "60", "--genes", "15"]) in (0, 1)
    return folder / "report.html"


@pytest.mark.parametrize("width", [1280, 800, 420])
def test_a_reader_clicks_through(report: Path, width: int) -> None:
    seen = seen_in(report, SCRIPT, width=width)
    assert seen["errors"] == []
    assert seen["outside"] == []
    assert all(seen["links"])
    assert len(seen["links"]) >= 5
    assert seen["figures"] >= 9
    assert seen["questions"][:7] == [
        "Does the model predict people?", "Does it rank genes?", "Is it better than a line?",
        "Does it know the direction?", "Does it rank variants?", "Which variants drive it?", "Does it generalise?",
    ]  # fmt: skip
    assert seen["alt"]
    assert seen["captions"]
    assert seen["wide"] <= 0
    labels = [table["label"] for table in seen["tables"]]
    assert {"Driver SNVs", "planted truth"} <= set(labels)
    assert all(table["same"] for table in seen["tables"])  # the script shows what the page came with
    (genes,) = [table for table in seen["tables"] if table["label"].startswith("genes of")]
    up = [float(cell) for cell in genes["up"] if cell]
    down = [float(cell) for cell in genes["down"] if cell]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert [one for one in genes["aria"] if one] == ["descending"]
    assert genes["shown"] == 1 < genes["all"]


DOTS = """
  const of = (title) => all("figure[data-dots]").find((f) => f.querySelector("h3").textContent.includes(title));
  const parts = (figure) => [".layer", ".tip", ".ring"].map((what) => figure.querySelector(what));
  const press = (where, key) => where.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const at = (layer, type, clientX, clientY) =>
    layer.dispatchEvent(new PointerEvent(type, { clientX, clientY, bubbles: true }));
  const view = document.getElementById("gene-view");
  const middle = (mark) => { const b = mark.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; };
"""


def rows_of(page: Path, name: str) -> list[list[str]]:
    """The table of a figure, without its header."""
    lines = (page.parent / "figures" / f"demo-promoter.{name}.tsv").read_text().splitlines()
    return [line.split("\t") for line in lines[1:]]


def test_every_dot_of_the_drawing_says_its_gene(report: Path) -> None:
    # The marks of the static drawing are in the order of the figure's table.
    script = """
  for (const title of ["Across genes", "elastic net", "strong eQTLs"]) {
    const figure = of(title), [layer, tip] = parts(figure);
    layer.scrollIntoView();
    const group = all("svg g", figure).find((g) => all(":scope > use", g).length > 5);
    seen[title] = all("use", group).map((mark) => {
      at(layer, "pointermove", ...middle(mark));
      return tip.hidden ? "" : tip.innerText;
    });
    at(layer, "pointermove", 1, 1);
    seen[title].push(tip.hidden);
  }
"""
    seen = seen_in(report, DOTS + script)
    assert seen["errors"] == []
    for title, name in (
        ("Across genes", "across_genes"),
        ("elastic net", "against_baseline"),
        ("strong eQTLs", "explained"),
    ):
        *told, away = seen[title]
        assert away
        rows = rows_of(report, name)
        assert len(told) == len(rows)
        # Where dots lie on dots, the nearest is one of them.
        right = sum(row[0] in text for row, text in zip(rows, told, strict=True))
        assert right >= len(rows) - 2
        assert all(text for text in told)


def test_dots_by_keyboard(report: Path) -> None:
    script = """
  const figure = of("Across people"), [layer, tip, ring] = parts(figure);
  layer.focus();
  seen.role = [layer.getAttribute("role"), layer.tabIndex, layer.getAttribute("aria-label").length > 20];
  press(layer, "Home");
  seen.told = [];
  for (let k = 0; k < 100; k += 1) {
    const said = document.getElementById(layer.getAttribute("aria-activedescendant"));
    seen.told.push([said.innerText, said.getAttribute("aria-posinset")]);
    if (said.getAttribute("aria-posinset") === said.getAttribute("aria-setsize")) break;
    press(layer, "ArrowRight");
  }
  press(layer, "Home"); press(layer, "Escape");
  seen.hidden = tip.hidden && ring.style.display === "none";
  press(layer, "ArrowRight"); press(layer, "Enter");
  await tick(); await tick();
  seen.hash = location.hash; seen.view = view.innerText; seen.focus = document.activeElement.textContent;
  seen.chosen = all(".chosen").filter((mark) => mark.style.display === "").length;
  press(document.activeElement, "Escape");
  seen.back = document.activeElement === layer && view.hidden;
  seen.address = location.hash;
"""
    seen = seen_in(report, DOTS + script)
    assert seen["errors"] == []
    assert seen["role"] == ["listbox", 0, True]
    rows = sorted(rows_of(report, "r_histogram"), key=lambda row: float(row[1]))
    assert [place for _, place in seen["told"]] == [str(k + 1) for k in range(len(rows))]
    for (text, _), row in zip(seen["told"], rows, strict=True):
        assert f"({row[0]})" in text
        assert f"r {shown_cell('pearson_r', row[1])}" in text
    assert seen["hidden"]
    second = rows[1][0]
    assert seen["hash"] == f"#gene={second}"
    assert f"({second})" in seen["view"]
    assert f"({second})" in seen["focus"]
    assert seen["chosen"] >= 2
    assert seen["back"]
    assert seen["address"] == ""


def test_a_click_opens_the_people_of_a_gene(report: Path) -> None:
    script = """
  const figure = of("Across genes"), [layer] = parts(figure);
  layer.scrollIntoView();
  const group = all("svg g", figure).find((g) => all(":scope > use", g).length > 5), marks = all("use", group);
  const n = Number(WHICH);
  at(layer, "click", ...middle(marks[n]));
  await tick(); await tick();
  const gene = location.hash.slice(6), drawn = view.querySelector("figure");
  seen.gene = gene;
  seen.dots = all("circle", drawn).map((dot) => [Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))]);
  seen.said = drawn.querySelector("[role=img]").getAttribute("aria-label");
  seen.inside = seen.dots.every(([x, y]) => x > 40 && x < 300 && y > 0 && y < 200);
"""
    wanted = next(k for k, row in enumerate(rows_of(report, "across_genes")) if row[0] == "DEMO0003")
    seen = seen_in(report, DOTS + script.replace("WHICH", str(wanted)))
    assert seen["errors"] == []
    assert seen["gene"] == "DEMO0003"
    assert seen["inside"]
    predicted, observed = (
        read_phenotype_rows(report.parent / name, ["DEMO0003"])
        for name in ("predictions/demo-promoter.bed.gz", "evaluation/observed.bed.gz")
    )
    assert predicted[0] == observed[0]
    assert f"{len(observed[0])} people" in seen["said"]
    # Left is low and down is low: the same places up to the 254 steps in which the page has them.
    for axis, (_, rows), sign in ((0, predicted, 1), (1, observed, -1)):
        values, places = rows["DEMO0003"], np.array(seen["dots"])[:, axis] * sign
        assert np.ptp(values) > 0
        wanted_places = (values - values.min()) / np.ptp(values)
        found = (places - places.min()) / np.ptp(places)
        assert np.abs(found - wanted_places).max() < 0.5 / 254 + 0.002


def test_the_status_is_beside_the_name(report: Path) -> None:
    seen = seen_in(
        report, """seen.heads = all('[aria-label^="genes of"] th').map((head) => head.textContent.trim());"""
    )
    assert seen["heads"][:4] == ["gene_id", "name", "status", "pearson_r"]


# Twenty thousand genes, three models

LARGE = """
  const box = document.querySelector('[aria-label="genes of model-1"]').closest(".paged");
  const heads = all("th", box), next = all(".pager button", box)[1], field = box.querySelector("input[type=number]");
  const rows = () => all("tbody tr", box).map((row) => [...row.cells].map((cell) => cell.textContent));
  const status = () => box.querySelector(".status").textContent;
  const press = (name) => heads.find((head) => head.textContent.trim() === name).querySelector("button").click();
  const enter = (input, text) => { input.value = text; input.dispatchEvent(new Event("input")); };
  const turn = (page) => { field.value = page; field.dispatchEvent(new Event("change")); };
"""


GENE = """
  const find = document.getElementById("gene-search"), view = document.getElementById("gene-view");
  const options = () => all("#genes-found li").map((option) => option.textContent);
  const press_key = (key) => find.dispatchEvent(new KeyboardEvent("keydown", { key }));
  const told = () => ({ text: view.innerText, hash: location.hash, tables: all("table", view).length,
    links: all("p a", view).map((link) => Boolean(document.querySelector(link.getAttribute("href")))) });
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    """The page, and what it should show of each gene of model-1, by column."""
    folder = tmp_path_factory.mktemp("large") / "run"
    table = write_large_run(folder)["model-1"]
    assert main(["report", "-q", str(folder)]) == 0
    p_of, support = read_table(folder / "eqtl" / "permutation.tsv"), read_table(folder / "support.tsv")
    assert p_of["phenotype_id"] == table["gene_id"]
    mine = [k for k, model in enumerate(support["model"]) if model == "model-1"]
    assert [support["gene_id"][k] for k in mine] == table["gene_id"]
    table |= {"eqtl_p": p_of["pval_beta"], "supported_fraction": [support["supported_fraction"][k] for k in mine]}
    # A probability has three decimals, however small it is.
    certificate = read_table(folder / "certificate.tsv")
    own = [k for k, model in enumerate(certificate["model"]) if model == "model-1"]
    table |= {"p_right": [f"{float(certificate['p_right'][k]):.3f}" for k in own]}
    shown = {name: ["" if cell is None else shown_cell(name, str(cell)) for cell in table[name]] for name in table}
    return folder / "report.html", [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)]


def test_twenty_thousand_genes_are_three_megabytes_and_three_seconds(large: tuple[Path, list[dict[str, str]]]) -> None:
    page, _ = large
    assert page.stat().st_size < 3_000_000
    script = """
  document.body.getBoundingClientRect();
  seen.open = performance.now() / 1000;
  seen.layers = all(".layer").length;
"""
    windows = [seen_in(page, script, real_time=True) for _ in range(3)]
    assert all(window["errors"] == [] and window["layers"] >= 15 for window in windows)
    assert min(window["open"] for window in windows) < 3


def test_people_are_there_as_far_as_there_is_room(large: tuple[Path, list[dict[str, str]]]) -> None:
    page, genes = large
    data = data_of(page.read_text())
    held = [data["words"][place] for place in data["people"]["genes"]]
    assert 100 < len(held) < 20_000
    assert f"holds the people of {len(held):,} of 20,000 genes" in page.read_text()
    far = next(gene["gene_id"] for gene in genes if gene["gene_id"] not in held)
    script = (
        GENE
        + """
  for (const gene of GENES) {
    enter(find, gene); press_key("Enter"); await tick(); await tick();
    seen[gene] = [all("figure", view).length, all("circle", view).length, view.innerText];
  }
"""
    )
    seen = seen_in(page, LARGE + script.replace("GENES", json.dumps([held[0], far])))
    assert seen["errors"] == []
    assert seen[held[0]][:2] == [3, 60]  # three models, twenty people
    assert seen[far][:2] == [0, 0]
    assert "does not hold the people of this gene" in seen[far][2]
    assert f"gxfast report DIR --gene {far}" in seen[far][2]


def shown_rows(seen: dict[str, Any], key: str) -> list[dict[str, str]]:
    return [dict(zip(seen["columns"], row, strict=True)) for row in seen[key]]


def test_every_gene_is_on_some_page_in_order(large: tuple[Path, list[dict[str, str]]]) -> None:
    page, genes = large
    seen = seen_in(
        page,
        LARGE
        + """
  seen.columns = heads.map((head) => head.textContent.trim());
  seen.most = Math.max(...all("tbody").map((body) => body.rows.length));
  seen.elements = all("*").length;
  seen.first = status();
  press("pearson_r");
  seen.up = rows(); seen.told = [status()];
  while (!next.disabled) { next.click(); seen.up.push(...rows()); seen.told.push(status()); }
  press("pearson_r");
  seen.down = rows();
  turn(200);
  seen.last = rows();
  press("chrom");
  seen.chrom = rows().concat((turn(150), rows()));
""",
    )
    assert seen["errors"] == []
    assert seen["most"] == 100
    assert seen["elements"] < 30_000
    assert seen["first"] == "1-100 of 20,000"
    assert seen["told"][1] == "101-200 of 20,000"
    assert seen["told"][-1] == "19,901-20,000 of 20,000"
    by_id = {gene["gene_id"]: gene for gene in genes}
    up = shown_rows(seen, "up")
    assert sorted(row["gene_id"] for row in up) == sorted(by_id)
    other = [(row["gene_id"], name) for row in up for name in row if row[name] != by_id[row["gene_id"]][name]]
    assert other == []
    n_undefined = sum(gene["pearson_r"] == "" for gene in genes)
    assert {row["pearson_r"] for row in up[-n_undefined:]} == {""}
    values = [float(row["pearson_r"]) for row in up[:-n_undefined]]
    assert values == sorted(values)
    assert [float(row["pearson_r"]) for row in shown_rows(seen, "down")] == values[:-101:-1]
    assert {row["pearson_r"] for row in shown_rows(seen, "last")} == {""}
    chroms = [row["chrom"] for row in shown_rows(seen, "chrom")]
    assert chroms == sorted(chroms, key=lambda name: int(name.removeprefix("chr")))
    assert {gene["pearson_r"] for gene in genes[: len(EDGES)]} >= {"0.062", "1.000", "1.00e-03", "1", "0"}


def test_filters_find_all_rows_and_no_other(large: tuple[Path, list[dict[str, str]]]) -> None:
    page, genes = large
    queries = [
        "chr22",
        "GENE12 -",
        genes[777]["gene_id"].lower(),
        "0.5",
        "1.00e-03",
        "one_haplotype chr3",
        "nothing",
        " ",
    ]
    seen = seen_in(
        page,
        LARGE
        + f"""
  seen.columns = heads.map((head) => head.textContent.trim());
  seen.found = [];
  press("tss");
  for (const query of {json.dumps(queries)}) {{
    enter(box.querySelector("input[type=search]"), query);
    const found = rows();
    while (!next.disabled) {{ next.click(); found.push(...rows()); }}
    seen.found.push([found.map((row) => row[0]), status()]);
  }}
""",
    )
    assert seen["errors"] == []
    ordered = sorted(genes, key=lambda gene: int(gene["tss"]))
    for query, (found, told) in zip(queries, seen["found"], strict=True):
        wanted = [
            gene["gene_id"]
            for gene in ordered
            if all(any(word in gene[name].lower() for name in seen["columns"]) for word in query.lower().split())
        ]
        assert found == wanted, query
        assert told.endswith("(20,000 in all)") == (len(wanted) < 20_000), query
    assert seen["found"][-2] == [[], "no row (20,000 in all)"]


def test_pages_that_do_not_exist_are_the_nearest(large: tuple[Path, list[dict[str, str]]]) -> None:
    seen = seen_in(
        large[0],
        LARGE
        + """
  seen.told = [-5, 0, "abc", 7, "7.9", 200, 99999].map((page) => { turn(page); return [status(), field.value]; });
  seen.next = next.disabled;
""",
    )
    first, seventh, last = ["1-100 of 20,000", "1"], ["601-700 of 20,000", "7"], ["19,901-20,000 of 20,000", "200"]
    assert seen["told"] == [first, first, first, seventh, seventh, last, last]
    assert seen["next"]


def test_a_gene_is_found_with_its_rows(large: tuple[Path, list[dict[str, str]]]) -> None:
    page, genes = large
    drivers = cells_of(data_of(page.read_text()), "Driver SNVs")["own"]
    gene = next(g for g in genes[12_345:] if g["gene_id"] in drivers)
    other = next(g for g in genes[12_345:] if g["gene_id"] not in drivers)
    best = next(g for g in genes if g["pearson_r"] == "1")  # one of EDGES
    seen = seen_in(
        page,
        LARGE
        + GENE
        + f"""
  enter(find, "gene1234"); seen.options = options();
  enter(find, "no such gene"); seen.none = options();
  enter(find, {json.dumps(gene["name"])}); press_key("Enter"); await tick(); await tick();
  seen.one = told();
  enter(find, {json.dumps(best["gene_id"])}); press_key("ArrowDown"); press_key("Enter"); await tick(); await tick();
  seen.best = told();
  enter(find, {json.dumps(other["gene_id"])}); press_key("Enter"); await tick(); await tick();
  seen.other = told();
  all("tbody a", box)[5].click(); await tick(); await tick();
  seen.clicked = told();
""",
    )
    assert seen["errors"] == []
    assert seen["options"][0].startswith("GENE1234 (")
    assert len(seen["options"]) == 8
    assert all(option.startswith("GENE1234") for option in seen["options"])
    assert seen["none"] == ["No gene with this id or name"]
    one = seen["one"]
    assert one["hash"] == f"#gene={gene['gene_id']}"
    assert one["text"].startswith(f"{gene['name']} ({gene['gene_id']})")
    assert all(gene[name] in one["text"] for name in ("pearson_r", "mean_observed", "status"))
    assert [f"model-{m}" in one["text"] for m in range(3)] == [True] * 3
    assert one["tables"] == 3  # models, drivers, learned heads
    assert f"gxfast report DIR --gene {gene['gene_id']}" in one["text"]
    assert "some rows of drivers.tsv, and none of this gene" not in one["text"]
    assert "some rows of drivers.tsv, and none of this gene" in seen["other"]["text"]
    assert one["links"] == []
    assert best["gene_id"] in seen["best"]["text"]
    assert seen["best"]["links"]
    assert all(seen["best"]["links"])
    assert genes[5]["gene_id"] in seen["clicked"]["text"]


def test_an_address_leads_to_a_gene(report: Path) -> None:
    script = GENE + "await tick(); seen.view = told();"
    seen = seen_in(report, script, address="#gene=DEMO0003")
    assert "(DEMO0003)" in seen["view"]["text"]
    assert "gene3 (DEMO0003)" in seen_in(report, script, address="#gene=gene3")["view"]["text"]
    assert seen_in(report, script, address="#gene=%E0%A4%A")["view"]["text"] == ""
