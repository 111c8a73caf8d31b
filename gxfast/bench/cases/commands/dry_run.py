"""x"""

from ...registry import Case


def cases() -> dict[str, Case]:
    """x"""
    return {}
