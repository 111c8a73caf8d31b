"""Strict reading of a JSON object: every key known, every type right, every message naming the field."""

from __future__ import annotations

import json
from typing import Any, Final

from ..errors import InputError, ModelError

__all__ = ["Fields", "parse_object"]

MAX_CHARACTERS = 16 * 2**20
_LARGEST: Final = 3.4028234663852886e38  # of float32, which models read


CARD_REMEDY: Final = "see docs/model_cards.md; gxfast model inspect MODEL prints a card to begin with"


def parse_object(text: str, *, source: str) -> dict[str, Any]:
    """Parse a JSON object, refusing what JSON readers usually let pass.

    Raises
    ------
    InputError
        If the text is no JSON object, repeats a key, holds NaN or Infinity, or is over 16 MiB.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"a card of {len(text)} characters is too large (at most 16 MiB)", path=source, remedy=CARD_REMEDY
        )
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a character, as "\\ud800", is no text
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a valid JSON model card: {error}", path=source, remedy=CARD_REMEDY) from None
    if not isinstance(value, dict):
        raise InputError(
            f"a model card is a JSON object, found {type(value).__name__}", path=source, remedy=CARD_REMEDY
        )
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is given twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


class Fields:
    """One JSON object under validation; each getter removes its key, ``finish`` refuses what is left."""

    def __init__(self, values: dict[str, Any], *, source: str, prefix: str = "") -> None:
        self._values = dict(values)
        self._source = source
        self._prefix = prefix

    def error(self, key: str, message: str, *, remedy: str | None = None) -> ModelError:
        """Return the error for one field, for the caller to raise."""
        return ModelError(message, path=self._source, record=f"{self._prefix}{key}", remedy=remedy or CARD_REMEDY)

    def child(self, key: str, *, required: bool = False) -> Fields:
        """Return a nested object; an absent one reads as empty unless it is required."""
        value = self._take(key, required, {})
        value = {} if value is None and not required else value
        if not isinstance(value, dict):
            raise self.error(key, f"expected a JSON object, found {_name(value)}")
        return Fields(value, source=self._source, prefix=f"{self._prefix}{key}.")

    def keys(self) -> list[str]:
        """Return the keys not read yet, in file order."""
        return list(self._values)

    def text(self, key: str, *, default: str | None = None, required: bool = False) -> str | None:
        """Return a string, or the default where the key is absent or null."""
        value = self._take(key, required, None)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.error(key, f"expected a string, found {_name(value)}")
        if not all(letter.isprintable() or letter in "\n\t" for letter in value):
            raise self.error(key, f"expected printable text, found {value[:80]!r}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], *, default: str | None = None) -> str:
        """Return one of the allowed strings; required where no default is given."""
        value = self._take(key, default is None, default)
        if default == "" and value in (None, ""):
            return ""  # null, as absent: still to be found out
        if value not in allowed or not isinstance(value, str):
            raise self.error(key, f"expected one of {', '.join(allowed)}, found {value!r}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, False, default)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, found {_name(value)}")
        return value

    def integer(self, key: str, *, low: int, high: int) -> int:
        """Return a required whole number in [low, high]."""
        value = self._take(key, True, None)
        if type(value) is not int or not low <= value <= high:
            raise self.error(key, f"expected a whole number from {low} to {high}, found {value!r}")
        return value

    def optional_integer(self, key: str, *, low: int, high: int) -> int:
        """Return a whole number in [low, high], or 0 where the key is absent or null."""
        if self._values.get(key) is None:
            self._values.pop(key, None)
            return 0
        return self.integer(key, low=low, high=high)

    def optional_numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of finite numbers; none where the key is absent, null or an empty list."""
        if self._values.get(key) in (None, []):
            self._values.pop(key, None)
            return ()
        return self.numbers(key)

    def fill(self, key: str) -> tuple[float, ...] | float:
        """Return a list of finite numbers, or the one number that was given instead."""
        single = not isinstance(self._values.get(key), list)
        found = self.numbers(key)
        return found[0] if single else found

    def number(self, key: str, *, default: float) -> float:
        """Return a finite number."""
        value = self._take(key, False, default)
        if not _is_finite_number(value):
            raise self.error(key, f"expected a finite number, found {value!r}")
        return float(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a number or a flat list of finite numbers as a tuple; empty lists are refused."""
        value = self._take(key, True, None)
        items = value if isinstance(value, list) else [value]
        if not items or not all(_is_finite_number(item) for item in items):
            raise self.error(key, "expected a number or a flat list of finite numbers")
        return tuple(float(item) for item in items)

    def integers(self, key: str, *, low: int, high: int) -> tuple[int, ...] | None:
        """Return distinct whole numbers in [low, high], or None where the key is absent or null."""
        value = self._take(key, False, None)
        if value is None:
            return None
        if not isinstance(value, list) or not value:
            raise self.error(key, f"expected a non-empty list of whole numbers, found {_name(value)}")
        for item in value:
            if type(item) is not int or not low <= item <= high:
                raise self.error(key, f"expected whole numbers from {low} to {high}, found {item!r}")
        if len(set(value)) != len(value):
            raise self.error(key, "a number is listed twice")
        return tuple(value)

    def strings(self, key: str) -> tuple[str, ...] | None:
        """Return distinct printable strings, or None where the key is absent or null."""
        value = self._take(key, False, None)
        if value is None:
            return None
        if not isinstance(value, list) or not value:
            raise self.error(key, f"expected a non-empty list of strings, found {_name(value)}")
        for item in value:
            if not isinstance(item, str) or not item.strip() or not item.isprintable():
                raise self.error(key, f"expected printable, non-empty strings, found {item!r}")
        if len(set(value)) != len(value):
            raise self.error(key, "a name is listed twice")
        return tuple(value)

    def finish(self) -> None:
        """Refuse the keys nobody asked for."""
        for key in self._values:
            raise self.error(key, "unknown field", remedy="correct the spelling or remove it")

    def _take(self, key: str, required: bool, default: Any) -> Any:
        if key not in self._values and required:
            raise self.error(key, "required field is missing")
        return self._values.pop(key, default)


def _is_finite_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST  # false of NaN


def _name(value: object) -> str:
    return "null" if value is None else type(value).__name__
