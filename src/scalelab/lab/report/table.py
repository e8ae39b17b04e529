"""A table as every format shows it: text, rounded already. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text below a head; the first column names, the others are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
