"""A function that takes arrays, with clean arguments; every case is one argument of it in one nasty form."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .nasty import Nasty, kinds_of

__all__ = ["Case", "Target", "judge"]

# A function of the clean arguments that gives what a kind, refused elsewhere, has to give here.
Expected = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Target:
    """A function under test.

    Attributes
    ----------
    name : str
    call : callable
        Takes ``arguments`` by name; may return arrays, dataclasses, tuples, dicts, numbers.
    arguments : dict of str to array
        Clean ones.
    roles : dict of str to str
        How each nasty argument is read (`nasty.ROLES`); arguments not named stay clean.
    means : dict of (argument, kind) to function of the clean arguments
        Kinds that have a meaning here: the result that they have to give.
    words : dict of str to str
        Regular expression that a message about an argument has to match, beside its name.
    loose : frozenset of str
        Kinds with a twin that may be refused as well.
    legal : dict of str to collection of str
        Kinds that are as good an argument as the clean one, so that there is nothing to compare with: they must not
        crash, hang, warn or be changed.
    lookup : bool
        Whether IndexError refuses, too.
    left_out : dict of str to collection of str
        Kinds that the function leaves to its callers; each needs its reason where it is written down.
    """

    name: str
    call: Callable[..., Any]
    arguments: Mapping[str, Any]
    roles: Mapping[str, str]
    means: Mapping[tuple[str, str], Expected] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    loose: frozenset[str] = frozenset()
    legal: Mapping[str, Collection[str]] = field(default_factory=dict)
    lookup: bool = False
    left_out: Mapping[str, Collection[str]] = field(default_factory=dict)

    def cases(self) -> Iterator[Case]:
        for argument, role in self.roles.items():
            for nasty in kinds_of(role, np.array(self.arguments[argument])):
                if nasty.kind not in self.left_out.get(argument, ()):
                    yield Case(self, argument, nasty)

    def fresh(self) -> dict[str, Any]:
        return {
            name: value.copy() if isinstance(value, np.ndarray) else value for name, value in self.arguments.items()
        }


class Case(NamedTuple):
    target: Target
    argument: str
    nasty: Nasty

    @property
    def name(self) -> str:
        return f"{self.target.name}({self.argument}: {self.nasty.kind})"


def judge(case: Case) -> str:
    """Run a case; "equal", "refused" or "legal" if it went well, else what went wrong."""
    target, argument, nasty = case
    role = target.roles[argument]
    legal = nasty.kind in target.legal.get(argument, ())
    given = target.fresh()
    given[argument] = nasty.value
    before = _bytes_of(nasty.value)
    expected = target.means.get((argument, nasty.kind))
    refusals = (TypeError, ValueError, IndexError) if target.lookup else (TypeError, ValueError)
    try:
        found = target.call(**given)
    except MemoryError:
        return "refused" if "zero stride" in nasty.kind or role == "size" else "WRONG: MemoryError"
    except refusals as error:
        if _bytes_of(nasty.value) != before:
            return "WRONG: the argument was changed before it was refused"
        if expected is not None:
            return f"WRONG: refused, but has a meaning here: {error}"
        if nasty.twin is not None and not _may_refuse(target, argument, nasty):
            return f"WRONG: refused, though its twin is not: {type(error).__name__}: {error}"
        return _named(target, case, error)
    except Exception as error:
        return f"WRONG: {type(error).__name__}: {error}"
    if role != "out" and _bytes_of(nasty.value) != before:
        return "WRONG: the argument was changed"
    if legal:
        return "legal"
    if expected is None and nasty.twin is None:
        return f"WRONG: accepted, gives {_short(found)}"
    clean = target.fresh()
    if expected is not None:
        wanted = expected(clean)
    else:
        clean[argument] = nasty.twin
        wanted = target.call(**clean)
    return "equal" if same(found, wanted) else f"WRONG: gives {_short(found)}, its twin {_short(wanted)}"


def _may_refuse(target: Target, argument: str, nasty: Nasty) -> bool:
    """Whether the twin is refused too (the values do not suit), or the form may be."""
    if nasty.kind in target.loose:
        return True
    clean = target.fresh()
    clean[argument] = nasty.twin
    try:
        target.call(**clean)
    except ValueError:
        return True
    return False


def _named(target: Target, case: Case, error: Exception) -> str:
    """Whether a message names the argument; one of those whose shapes do not fit together is enough."""
    argument = case.argument
    names = target.arguments if case.nasty.of_shape else [argument]
    word = target.words.get(argument, "(?!)")
    if re.search(rf"\b({'|'.join(map(re.escape, names))})\b|{word}", str(error)):
        return "refused"
    return f"WRONG: the message does not name {argument}: {type(error).__name__}: {error}"


def _bytes_of(value: Any) -> bytes:
    if (
        isinstance(value, np.ndarray)
        and value is not np.ma.masked
        and not value.dtype.hasobject
        and value.size < 1 << 20
    ):
        return value.tobytes()
    return repr(value).encode() if isinstance(value, list) else b""


def _short(value: Any) -> str:
    return " ".join(repr(value).split())[:200]


def same(a: Any, b: Any) -> bool:
    """Whether two results are equal to the last bits; NaN equals NaN."""
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    x, y = np.asarray(a), np.asarray(b)
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    if x.dtype.kind == "f":
        return np.allclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True)
    return np.array_equal(x, y)
