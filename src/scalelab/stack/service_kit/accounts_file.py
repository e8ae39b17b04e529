"""Reads the file of accounts that a deployment makes."""

import json
from pathlib import Path
from typing import Any

from scalelab.contracts.records import AccountRecord
from scalelab.stack.service_kit.cannot_start import CannotStartError


def read_accounts(path: Path) -> list[AccountRecord]:
    """The accounts of a file: user name -> Argon2 hash, or -> `{"password_hash": ..., "scopes": [...]}`.

    Raises:
        CannotStartError: the file cannot be read or is no such JSON object.
    """
    try:
        accounts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotStartError(f"accounts_file {path} cannot be read: {error}") from error
    try:
        return [_account(username, entry) for username, entry in accounts.items()]
    except (AttributeError, TypeError, ValueError):
        raise CannotStartError(f"accounts_file {path} is not a JSON object of user name and password hash") from None


def _account(username: str, entry: str | dict[str, Any]) -> AccountRecord:
    members = {"password_hash": entry} if isinstance(entry, str) else entry
    return AccountRecord.model_validate({**members, "username": username})
