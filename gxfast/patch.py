"""Run a script with other tools' functions replaced: ``python -m gxfast.patch [-t TOOL]... script.py [args]``.

The same name is the function ``gxfast.patch(...)``: ``python -m`` needs a module called ``patch``, and importing
a submodule binds it as the attribute ``gxfast.patch``. So this module is callable and forwards the call.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from .compat import binding
from .compat.targets import TOOLS
from .errors import GxfastError

__all__ = ["main"]


class _CallableModule(types.ModuleType):
    def __call__(self, *names: str, verbose: bool = False) -> None:
        binding.patch(*names, verbose=verbose)


_CallableModule.__call__.__doc__ = binding.patch.__doc__


def main(arguments: Sequence[str] | None = None) -> int:
    """Patch, then run the script as ``python script.py`` would; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m gxfast.patch", description="Run a script with gxfast drop-ins.")
    parser.add_argument("-t", "--tool", action="append", choices=list(TOOLS), help="tool to patch (default: all)")
    parser.add_argument("script")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    try:
        binding.patch(*(given.tool or ()), verbose=True)
    except GxfastError as error:
        print(f"gxfast: {error}", file=sys.stderr)
        return error.exit_code
    sys.argv = [given.script, *given.args]
    sys.path[0] = str(Path(given.script).resolve().parent)
    runpy.run_path(given.script, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())

sys.modules[__name__].__class__ = _CallableModule
