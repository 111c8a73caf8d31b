"""What a step says where it cannot follow an operator."""

from __future__ import annotations

__all__ = ["UnsupportedError"]


class UnsupportedError(Exception):
    """A step cannot take this node: it becomes a barrier. The text is the reason."""
