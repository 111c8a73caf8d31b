"""Entry point: lazy commands, one-line errors, exit codes of the contract."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from ..errors import GxfastError
from .lazy_group import LazyGroup
from .naming import as_options
from .wording import fitted

__all__ = ["entry", "main"]

# Command -> (module below gxfast.cli, attribute). Modules are imported when their command runs.
_COMMANDS = {
    "demo": ("demo", "demo", "Make a cohort with planted truth, run everything on it, write the report."),
    "check": ("run", "check", "Look at all inputs together and say how to mend what is wrong."),
    "predict": ("run", "predict", "Predict every gene for every person."),
    "evaluate": ("evaluate", "evaluate", "Correlate predictions (anybody's) with expression, gene by gene."),
    "baseline": ("baseline", "baseline", "Linear models of the same people: elastic net, SNPs, BLUP; PredictDB."),
    "eqtl": ("eqtl", "eqtl", "cis-eQTL mapping: nominal, and by permutation."),
    "ism": ("ism", "ism", "Mutagenesis scans: saturate, variants, pairs, attribute, merge, plot."),
    "drivers": ("run", "drivers", "Driver SNVs of a model's predictions, and their support by eQTLs."),
    "variants": ("variants", "variants", "Benchmarks of variant scores: direction, size, causality, by tissue."),
    "compare": ("compare", "compare", "Do models agree in direction, and in magnitude?"),
    "run": ("run", "run", "All of it: check, predict, evaluate, baselines, eQTLs, drivers, report."),
    "report": ("report", "report", "Draw the figures and write the HTML report of a run directory."),
    "plan": ("planned", "plan", "Plan a job that is done in shards, on one machine or many."),
    "status": ("planned", "status", "How far the shards of a planned job are."),
    "merge": ("planned", "merge", "Put the shards of a planned job together."),
    "verify": ("verify", "verify", "Re-hash a finished run directory and name what differs."),
    "model": ("model", "model", "Import, inspect, verify and list models; search tracks."),
    "man": ("man", "man", "Manual pages of the commands."),
    "doctor": ("doctor", "doctor", "Versions, CPU features, devices that really work, a self-test."),
}


class _Output(io.FileIO):
    """A standard stream that somebody may close (``| head``): what nobody hears is dropped, and the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            # What is left in the buffer must not fail once more at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if not isinstance(error, BrokenPipeError):
                raise
            return len(data)


def _heard_or_not(stream: TextIO) -> TextIO:
    file = _Output(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(file), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from .. import __version__

    click.echo(f"gxfast {__version__}")
    ctx.exit()


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda _, __, value: os.environ.update(GXFAST_DEBUG="1") if value else None,
    help="Show the traceback of an internal error.",
)
@click.option(
    "--version", is_flag=True, callback=_print_version, expose_value=False, is_eager=True,
    help="Version of gxfast; gxfast doctor says what it runs on.",
)  # fmt: skip
def cli() -> None:
    """Genomic deep models on personal genomes, exactly and fast."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit code (0, 1, 2, 3 or 130)."""
    try:
        with _console_logging():
            result: Any = cli.main(args=argv, prog_name="gxfast", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except GxfastError as error:
        _complain(f"gxfast: error: {error}")
        return error.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _complain(shown.getvalue().removesuffix("\n"))
        return 2
    except (click.Abort, KeyboardInterrupt):
        _complain("gxfast: interrupted; finished work is kept, go on with --resume")
        return 130
    except MemoryError:
        _complain("gxfast: error: out of memory\n  remedy: lower --batch-size or --max-mem")
        return 1
    except OSError as error:
        _complain(f"gxfast: error: {error}\n  remedy: {_remedy_of(error)}")
        return 1
    except Exception as error:
        if os.environ.get("GXFAST_DEBUG"):
            raise
        _complain(_internal(error))
        return 1


def _complain(text: str) -> None:
    click.echo(fitted(text, sys.stderr), err=True)


def _remedy_of(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "check free space, quota and limits (df, ulimit -a), then go on with --resume"
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
        return "check the limits (ulimit -a)"
    return "check the file and its folder"


def _internal(error: Exception) -> str:
    """One line on an exception that is not ours: a fault of gxfast, whatever was read."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return (
        f"gxfast: internal error: {text} ({Path(frame.filename).name}:{frame.lineno})\n"
        f"  remedy: please report it (CONTRIBUTING.md) with the command and the output of gxfast --debug COMMAND ..."
    )


def entry() -> None:
    """Run as a program. After Ctrl-C it leaves at once: a worker may sit in native code for a while."""
    _open_closed_streams()
    code = main()
    if code == 130:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Fill closed standard streams, or the next file opened would take their place; let the others be closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _heard_or_not(sys.stdout or os.fdopen(1, "w", closefd=False))
    sys.stderr = _heard_or_not(sys.stderr or os.fdopen(2, "w", closefd=False))


class _Options(logging.Formatter):
    """Warnings of the library, with options in place of arguments."""

    def format(self, record: logging.LogRecord) -> str:
        return as_options(super().format(record))


@contextmanager
def _console_logging() -> Iterator[None]:
    """Show warnings of the library on stderr while a command runs, and leave its logger as it was."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Options("gxfast: %(message)s"))
    logger = logging.getLogger("gxfast")
    before = logger.level
    logger.addHandler(handler)
    levels = logging.getLevelNamesMapping()
    logger.setLevel(levels.get(os.environ.get("GXFAST_LOG", "").upper(), logging.WARNING))
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
