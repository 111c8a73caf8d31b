"""How long the report takes: to write, to open in Chromium, to sort, to filter, to find a gene or a dot.

    python bench/validation/report.py [--genes 20000] [--models 3] [--people 445] [--drivers-per-gene 2]

The run directory is made up (tests/oracles/large_run.py). Times in the browser are real: from the start of the
navigation until the page is loaded and laid out, and from an event until the page is laid out again; medians of
``--repeat`` windows. Memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from oracles.browser import BROWSER, seen_in  # noqa: E402
from oracles.large_run import write_large_run  # noqa: E402
from oracles.measured import run_measured  # noqa: E402

from gxfast.kernels import cpu_name  # noqa: E402

SCRIPT = """
  const laidOut = () => document.body.getBoundingClientRect().height + all("tbody tr").length;
  const now = () => performance.now() / 1000;
  const timed = (act) => { const from = now(); act(); laidOut(); return now() - from; };
  laidOut();
  seen.open = now();
  seen.nodes = all("*").length;
  const enter = (field, text) => { field.value = text; field.dispatchEvent(new Event("input")); };
  for (const [what, label] of [["genes", "genes of model-0"], ["drivers", "Driver SNVs"]]) {
    const box = document.querySelector(`[aria-label="${label}"]`).closest(".paged");
    const head = (name) => all("th button", box).find((one) => one.textContent.trim() === name);
    const number = what === "genes" ? "pearson_r" : "ism";
    seen[`${what}: sort by ${number}`] = timed(() => head(number).click());
    seen[`${what}: sort by ${number} again`] = timed(() => head(number).click());
    seen[`${what}: sort by gene_id`] = timed(() => head("gene_id").click());
    const search = box.querySelector("input[type=search]");
    seen[`${what}: filter by text`] = timed(() => enter(search, "chr2"));
    seen[`${what}: filter by a number`] = timed(() => enter(search, "0.5"));
    seen[`${what}: no filter`] = timed(() => enter(search, ""));
    seen[`${what}: next page`] = timed(() => all(".pager button", box)[1].click());
  }
  const layer = document.querySelector(".layer");
  seen["first dot of a figure, by keyboard"] = timed(() => {
    layer.focus();
    layer.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
  });
  const find = document.getElementById("gene-search");
  seen["gene search: first letters"] = timed(() => enter(find, "GENE12"));
  const key = new KeyboardEvent("keydown", { key: "Enter" });
  seen["gene search: show"] = timed(() => { find.dispatchEvent(key); dispatchEvent(new Event("hashchange")); });
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("genes", 20_000), ("models", 3), ("people", 445), ("drivers-per-gene", 2), ("repeat", 3)):
        parser.add_argument(f"--{name}", type=int, default=number)
    options = parser.parse_args()
    if BROWSER is None:
        parser.error("no Chromium is installed")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        table = write_large_run(
            run, n_genes=options.genes, n_models=options.models, n_people=options.people,
            drivers_per_gene=options.drivers_per_gene,
        )  # fmt: skip
        gene = next(iter(table.values()))["gene_id"][1]
        for words in ([], ["--gene", gene]):
            started = time.monotonic()
            code, told, peak = run_measured(["report", "-q", run, *words])
            passed = time.monotonic() - started
            if code:
                parser.error(told)
            print(f"| gxfast report DIR {' '.join(words)} | {passed:.1f} s, {peak / 1024:.0f} MiB |")
        print_times(run / "report.html", options)


def print_times(page: Path, options: Any) -> None:
    """Open the page some times and print the medians."""
    windows = [seen_in(page, SCRIPT, real_time=True) for _ in range(options.repeat)]
    if any(window.pop("errors") for window in windows):
        raise SystemExit("an error in the page")
    print(f"| report.html | {page.stat().st_size / 1e6:.1f} MB, {windows[0]['nodes']:,} elements |")
    for name in windows[0]:
        if name != "nodes":
            print(f"| {name} | {statistics.median(window[name] for window in windows):.3f} s |")
    print(f"\n{options.genes:,} genes, {options.models} models, {cpu_name()}")


if __name__ == "__main__":
    main()
