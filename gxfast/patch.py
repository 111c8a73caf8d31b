"""Run a program with other tools' functions replaced: ``python -m gxfast.patch [-t TOOL]... script.py [args]``.

``-m module [args]`` in the script's place runs a module, as ``python -m``.

The same name is the function ``gxfast.patch(...)``: ``python -m`` needs a module called ``patch``, and importing
a submodule binds it as the attribute ``gxfast.patch``. So this module is callable and forwards the call.
"""

from __future__ import annotations

import argparse
import importlib.util
import runpy
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path

from .compat import binding
from .compat.targets import TOOLS
from .errors import GxfastError, InputError

__all__ = ["main"]


class _CallableModule(types.ModuleType):
    def __call__(self, *names: str, verbose: bool = False) -> None:
        binding.patch(*names, verbose=verbose)


_CallableModule.__call__.__doc__ = binding.patch.__doc__


def main(arguments: Sequence[str] | None = None) -> int:
    """Patch, then run the script as ``python script.py`` would, or the module as ``python -m``; return the status."""
    parser = argparse.ArgumentParser(
        prog="python -m gxfast.patch",
        usage="%(prog)s [-t TOOL]... (SCRIPT | -m MODULE) [ARGUMENT]...",
        description="Run a Python script or module with gxfast in the place of other tools' functions.",
    )
    parser.add_argument(
        "-t", "--tool", action="append", choices=list(TOOLS), metavar="TOOL",
        help=f"tool to patch, at once; without -t each one when it is imported ({', '.join(TOOLS)})",
    )  # fmt: skip
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="module to run, and its arguments")
    parser.add_argument("script", nargs="?")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    if not (given.module or given.script):
        parser.error("a script is needed, or -m and a module")
    try:
        run = _module_runner(*given.module) if given.module else _script_runner(given.script, *given.args)
        binding.patch(*(given.tool or ()), verbose=True)
    except GxfastError as error:
        print(f"gxfast: {error}", file=sys.stderr)
        return error.exit_code
    run()
    return 0


def _script_runner(script: str, *arguments: str) -> Callable[[], object]:
    if not Path(script).exists():
        raise InputError(f"there is no script {script!r}", remedy="give a path, or -m and the name of a module")
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(script).resolve().parent)
    return lambda: runpy.run_path(script, run_name="__main__")


def _module_runner(module: str, *arguments: str) -> Callable[[], object]:
    try:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            module = f"{module}.__main__"
            spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        spec = None
    if spec is None:
        raise InputError(f"there is no module {module!r} to run", remedy="install it, or give the path of a script")
    sys.argv = [module, *arguments]
    return lambda: runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.exit(main())

sys.modules[__name__].__class__ = _CallableModule
