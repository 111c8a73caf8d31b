"""Commands as `gxfast` has them: options under headings, examples, and near misses of their names told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from ..errors import GxfastError, did_you_mean
from .config import tell_origin
from .examples import EXAMPLES
from .naming import as_options

__all__ = ["Command", "CommandGroup", "command", "heading", "sections"]

# Headings in the order in which they are shown, and the parameters below each.
_HEADINGS: Final = {
    "Inputs": "fasta vcf genes exons sites regions region expression covariates n_covariates samples samples_file "
    "contigs sequences positions record gene scan haplotype dosage database beside published column tracks_table "
    "weights head predictions labels scores nulls columns label_format score_format tissues populations gene_split "
    "effects config",
    "Model": "models model cards card name length tracks track bins over reduce transform haplotypes mode layout "
    "output_layout tolerance no_check window method n_references",
    "Haplotypes": "variants unphased missing overlap ref_mismatch masked_ref symbolic filter phase on indels "
    "align allele",
    "Statistics": "expression_transform residualise cis_window min_maf permutations shared_permutations independent "
    "susie driver_rule motif_reach finemapped folds inner_folds stop_after min_matched bootstrap seed people n_genes "
    "background controls compare pip p_limit strata bootstraps",
    "Output": "output wide weights_table predictdb i_have_the_right format formats steps report_genes explain dry_run "
    "shard shards resume as_json verbose quiet",
    "Compute": "device threads batch_size max_mem tiles dask resources background_cache",
    "General": "",
}
_HYPHEN: Final = "\N{NON-BREAKING HYPHEN}"
_WIDEST: Final = 30  # of the first column
_HEADING_OF: Final = {name: title for title, names in _HEADINGS.items() for name in names.split()}
# Parameters that mean something else in these commands.
_ELSEWHERE: Final = {
    ("eqtl", "window"): "Statistics",
    ("baseline", "window"): "Statistics",
    ("ism saturate", "window"): "Inputs",
    ("ism attribute", "window"): "Inputs",
    ("ism attribute", "seed"): "Model",
    ("ism plot", "window"): "Inputs",
    ("ism plot", "track"): "Inputs",
    ("evaluate", "name"): "Output",
    ("report", "genes"): "Output",
    ("model import", "haplotypes"): "Model",
    ("model import", "transform"): "Model",
    ("plan", "people"): "Output",
}  # fmt: skip


def heading(name: str, param: click.Parameter) -> str:
    """Return the heading of an option of a command (its name without ``gxfast``)."""
    key = "expression_transform" if "--expression-transform" in param.opts else param.name or ""
    return _ELSEWHERE.get((name, key)) or _HEADING_OF.get(key, "General")


def _name(ctx: click.Context) -> str:
    return ctx.command_path.partition(" ")[2]


def sections(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Return the options of a command as they are shown: heading to pairs of option and text."""
    found: dict[str, list[tuple[str, str]]] = {title: [] for title in _HEADINGS}
    for param in command.get_params(ctx):
        if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
            found[heading(_name(ctx), param)].append(record)
    return {title: rows for title, rows in found.items() if rows}


def _unbroken(write: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    return lambda formatter, text: write(formatter, text.replace("-", _HYPHEN))


class _Formatter(click.HelpFormatter):
    """Help whose lines end between words, not at a hyphen within one."""

    write_text = _unbroken(click.HelpFormatter.write_text)  # type: ignore[assignment]

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, text.replace("-", _HYPHEN)) for term, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return super().getvalue().replace(_HYPHEN, "-")


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command with its options under headings and its examples at the end; errors name its options."""

    context_class = _Context

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options under their headings."""
        _write_sections(sections(self, ctx), formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the examples."""
        _write_examples(_name(ctx), formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the library calls by the names of its arguments is told by the names of options."""
        try:
            return super().invoke(ctx)
        except GxfastError as error:
            error.message = as_options(error.message)
            error.remedy = error.remedy and as_options(error.remedy)
            tell_origin(ctx, error)
            raise


def _write_sections(found: dict[str, list[tuple[str, str]]], formatter: click.HelpFormatter) -> None:
    """Show sections with the same columns."""
    widths = {title: min(_WIDEST, max(len(term) for term, _ in rows)) for title, rows in found.items()}
    for title, rows in found.items():
        with formatter.section(title):
            formatter.write_dl(rows, _WIDEST, 2 + max(widths.values()) - widths[title])


def _write_examples(name: str, formatter: click.HelpFormatter) -> None:
    if examples := EXAMPLES.get(name):
        with formatter.section("Examples"):
            for example in examples:
                for line in example.splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class CommandGroup(click.Group):
    """A group whose commands are of `Command`; it says which of them is near to a name that is none."""

    command_class = Command
    context_class = _Context

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        name = str(args[0])
        if not (ctx.resilient_parsing or name.startswith("-")) and self.get_command(ctx, name) is None:
            texts = self.texts(ctx)
            # A command of a group is named in what the group does.
            within = [one for one, text in texts.items() if name in re.findall(r"\w+", text)]
            near = did_you_mean(name, texts) or "".join(f"; did you mean {one!r}?" for one in within[:1])
            raise click.UsageError(f"No such command {name[:60]!r}{near or '.'}", ctx)
        return super().resolve_command(ctx, args)

    def texts(self, ctx: click.Context) -> dict[str, str]:
        """Return what each command does, by its name."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        return {name: one.get_short_help_str(200) for name, one in found.items() if one}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options, and what each command does."""
        rows = [row for param in self.get_params(ctx) if (row := param.get_help_record(ctx))]
        _write_sections({"Options": rows, "Commands": list(self.texts(ctx).items())}, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the examples."""
        _write_examples(_name(ctx), formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete the names of commands, and options of the group."""
        names = [CompletionItem(name, help=text) for name, text in self.texts(ctx).items()
                 if name.startswith(incomplete)]  # fmt: skip
        return names or click.Command.shell_complete(self, ctx, incomplete)


def command(*, cls: type[Command] = Command, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a `Command`."""
    return click.command(cls=cls, **settings)
