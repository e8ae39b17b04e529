"""TOML as people write it: what is nested or long beyond reason is a fault in words, as any other. Pure."""

import tomllib
from typing import Any

MOST_LEVELS = 64


def parse_toml(text: str) -> dict[str, Any]:
    """The document.

    Raises:
        ValueError: it is not TOML, or deeper than `MOST_LEVELS`; the message says where, or what.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MOST_LEVELS} levels") from error
    if _is_deep(document):
        raise ValueError(f"nested deeper than {MOST_LEVELS} levels")
    return document


def _is_deep(document: dict[str, Any]) -> bool:
    level: list[object] = [document]
    for _ in range(MOST_LEVELS):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = inner
        if not level:
            return False
    return True
