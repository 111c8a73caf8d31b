"""Run the cases of one table from a case on, in a process of its own: one line of JSON before and after each."""

from __future__ import annotations

import faulthandler
import importlib
import json
import resource
import sys
import warnings
from pathlib import Path

SECONDS = 60  # for one case
MORE_BYTES = 3 << 29  # of address space, for all cases


def main(table: str, first: int) -> None:
    from robustness.target import judge

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    targets = importlib.import_module(f"robustness.{table}").targets()
    cases = [case for target in targets for case in target.cases()]
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    warnings.simplefilter("error")
    print(json.dumps({"cases": len(cases)}), flush=True)
    for number, case in enumerate(cases[first:], first):
        print(json.dumps({"begins": number, "case": case.name}), flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        outcome = judge(case)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"ended": number, "outcome": outcome}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
