"""Reads a service's settings once, at its start: a JSON file, then environment variables over it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import ValidationError

from scalelab.contracts.service_settings import (
    FIELD_VARIABLE_PREFIX,
    HOME_VARIABLE,
    SETTINGS_FILE_VARIABLE,
    ServiceSettings,
)

_NO_FIELDS = frozenset({SETTINGS_FILE_VARIABLE, HOME_VARIABLE})

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class SettingsError(Exception):
    """Raised when the settings are unreadable or not valid; the message names every fault."""


def load_settings(model: type[SettingsT], environment: Mapping[str, str] = os.environ) -> SettingsT:
    """Read and validate.

    Args:
        model: which service's settings.
        environment: `SCALELAB_SETTINGS` names a JSON file; `SCALELAB_<FIELD>` overrides one of its fields
            (JSON where the field is not a string).

    Raises:
        SettingsError: a file that cannot be read, an unknown field, an impossible value.
    """
    values = _from_file(environment)
    for variable, text in environment.items():
        if variable.startswith(FIELD_VARIABLE_PREFIX) and variable not in _NO_FIELDS:
            name = variable.removeprefix(FIELD_VARIABLE_PREFIX).lower()
            values[name] = text if _is_text(model, name) else _parsed(text)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"settings of {model.__name__} are not valid: {faults}") from error


def _from_file(environment: Mapping[str, str]) -> dict[str, object]:
    name = environment.get(SETTINGS_FILE_VARIABLE)
    if name is None:
        return {}
    try:
        values = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{SETTINGS_FILE_VARIABLE}={name} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{SETTINGS_FILE_VARIABLE}={name} holds no JSON object")
    return values


def _is_text(model: type[ServiceSettings], name: str) -> bool:
    """Whether the field takes a text as it is, so that a nonce of digits alone stays a text."""
    field = model.model_fields.get(name)
    if field is None:
        return False
    kinds = get_args(field.annotation) or (field.annotation,)
    return any(kind in {str, Path} or isinstance(kind, str) for kind in kinds)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
