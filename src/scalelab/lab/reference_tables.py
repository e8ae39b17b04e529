"""Tables of the reference pages, from the models alone: key, unit, default, bounds, meaning."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
UNITS = {"_per_s": "1/s", "_s": "s", "_mib": "MiB", "_bytes": "bytes"}


def with_tables(document: str, text: str) -> str:
    """The document with `text` between its markers."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{text}\n{END}{tail}"


def rewrite_page(up_to_date: Callable[[str], str]) -> None:
    """Bring the file that the command line names up to date."""
    file = Path(sys.argv[1])
    file.write_text(up_to_date(file.read_text(encoding="utf-8")), encoding="utf-8")


def model_table(name: str, model: type[BaseModel]) -> str:
    """The table of a model as Markdown; `name` is its TOML table, empty for the top."""
    heading = f"### `[{name}]`" if name else "### At the top"
    rows = [row for key, field in model.model_fields.items() if (row := _row(key, field)) is not None]
    return "\n".join(
        [f"{heading}\n", "| key | unit | default | bounds | means |", "| --- | --- | --- | --- | --- |", *rows, ""]
    )


def _row(key: str, field: FieldInfo) -> str | None:
    """None for a table: it has a heading of its own."""
    kinds = (field.annotation, *get_args(field.annotation))
    is_table = any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)
    if is_table and key not in ("delay", "service_time"):
        return None
    name = field.alias or key
    meaning = " ".join((field.description or "").split())
    cells = (f"`{name}`", _unit(key), _default(field), _bounds(field), meaning)
    return f"| {' | '.join(cells)} |"


def _unit(key: str) -> str:
    return next((unit for suffix, unit in UNITS.items() if key.endswith(suffix)), "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return f"`{_toml(field.get_default(call_default_factory=True, validated_data={}))}`"


def _toml(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_toml(part)}" for key, part in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    if isinstance(value, str):
        return f'"{value}"'
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _bounds(field: FieldInfo) -> str:
    return ", ".join(_bound(part) for part in field.metadata if isinstance(part, Ge | Gt | Le | Lt)) or _choices(
        field
    )


def _bound(part: Any) -> str:
    signs: Iterator[tuple[type, str, str]] = iter(
        ((Ge, "ge", "≥"), (Gt, "gt", ">"), (Le, "le", "≤"), (Lt, "lt", "<"))
    )
    return next(f"{sign} {getattr(part, name):g}" for kind, name, sign in signs if isinstance(part, kind))


def _choices(field: FieldInfo) -> str:
    choices = getattr(field.annotation, "__args__", ())
    is_literal = str(field.annotation).startswith("typing.Literal")
    return ", ".join(f"`{choice}`" for choice in choices) if is_literal else ""
