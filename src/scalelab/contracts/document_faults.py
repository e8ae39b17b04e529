"""Puts what is wrong with a document of a user's into words: key path, value, reason. Pure."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError


def validation_faults(
    error: ValidationError, document: Mapping[str, Any], model: type[BaseModel], prefix: str = ""
) -> list[str]:
    """One line for each fault: key path, value, what is wrong.

    Args:
        error: what pydantic said of `document`.
        document: as read, before validation.
        model: what it was to become; its fields give the suggestions.
        prefix: where the document stands in a larger one.
    """
    return [
        _fault(details["type"], details["loc"], details["msg"], document, model, prefix) for details in error.errors()
    ]


def _fault(
    kind: str,
    location: tuple[int | str, ...],
    message: str,
    document: Mapping[str, Any],
    model: type[BaseModel],
    prefix: str,
) -> str:
    path = ".".join([prefix, *map(str, location)] if prefix else map(str, location))
    reason = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{path}: there is no such key{_suggestion(location, model)}"
    if kind == "missing":
        return f"{path}: it is missing"
    value = _value_at(document, location)
    if value is None or isinstance(value, Mapping):
        return f"{path}: {reason}" if path else reason
    return f"{path} = {value!r}: {reason}"


def _suggestion(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    table: Any = model
    for part in location[:-1]:
        field = table.model_fields.get(str(part))
        table = field.annotation if field is not None else None
        if not (isinstance(table, type) and issubclass(table, BaseModel)):
            return ""
    close = get_close_matches(str(location[-1]), table.model_fields, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _value_at(document: object, location: tuple[int | str, ...]) -> object:
    for part in location:
        is_key = isinstance(document, Mapping) and part in document
        is_index = isinstance(document, list | tuple) and isinstance(part, int) and part < len(document)
        if not is_key and not is_index:
            return None
        document = document[part]  # type: ignore[index]  # looked at just above
    return document
