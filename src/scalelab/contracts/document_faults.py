"""Puts what is wrong with a document of a user's into words: key path, value, reason. Pure."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError


class DocumentFaultsError(ValueError):
    """Raised by a model's validator that found several things wrong; each begins with the key that it is about."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


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
    faults: list[str] = []
    for details in error.errors():
        raised = details.get("ctx", {}).get("error")
        if isinstance(raised, DocumentFaultsError):
            path = _path(details["loc"], prefix)
            faults += [f"{path}.{fault}" if path else fault for fault in raised.faults]
        else:
            faults.append(_fault(details["type"], details["loc"], details["msg"], document, model, prefix))
    return faults


def _fault(
    kind: str,
    location: tuple[int | str, ...],
    message: str,
    document: Mapping[str, Any],
    model: type[BaseModel],
    prefix: str,
) -> str:
    path = _path(location, prefix)
    reason = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{path}: there is no such key{_suggestion(location, model)}"
    if kind == "missing":
        return f"{path}: it is missing"
    value = _value_at(document, location)
    if value is None or isinstance(value, Mapping):
        return f"{path}: {reason}" if path else reason
    return f"{path} = {value!r}: {reason}"


def _path(location: tuple[int | str, ...], prefix: str) -> str:
    return ".".join([prefix, *map(str, location)] if prefix else map(str, location))


def _suggestion(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    table: type[BaseModel] | None = model
    is_element = False
    for part in location[:-1]:
        if is_element:  # of a list or a table of tables: its own name says nothing
            is_element = False
            continue
        field = table.model_fields.get(str(part)) if table is not None else None
        table = _model_in(field.annotation) if field is not None else None
        is_element = field is not None and get_origin(field.annotation) in (dict, tuple)
    if table is None:
        return ""
    close = get_close_matches(str(location[-1]), table.model_fields, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, or holds many of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for one in get_args(annotation) if (model := _model_in(one)) is not None), None)


def _value_at(document: object, location: tuple[int | str, ...]) -> object:
    for part in location:
        is_key = isinstance(document, Mapping) and part in document
        is_index = isinstance(document, list | tuple) and isinstance(part, int) and part < len(document)
        if not is_key and not is_index:
            return None
        document = document[part]  # type: ignore[index]  # looked at just above
    return document
