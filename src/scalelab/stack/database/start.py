"""What the service reads at its start: which engine, its password, the accounts. Every fault names the setting."""

import json
from pathlib import Path
from typing import Any

from scalelab.contracts.records import AccountRecord
from scalelab.contracts.service_settings import DatabaseSettings
from scalelab.stack.database.base import DatabaseEngine
from scalelab.stack.database.postgresql import PostgresqlEngine
from scalelab.stack.database.sqlite import SqliteEngine
from scalelab.stack.service_kit.cannot_start import CannotStartError

_SQLITE = "sqlite:"
_POSTGRESQL = "postgresql://"


def engine_of(settings: DatabaseSettings) -> DatabaseEngine:
    """The engine that `settings.url` names, not opened yet.

    Raises:
        CannotStartError: a URL of another form, an unreadable password file.
    """
    if settings.url.startswith(_POSTGRESQL):
        return PostgresqlEngine(settings.url, _password(settings.password_file), settings.pool_size)
    path = Path(settings.url.removeprefix(_SQLITE))
    if not settings.url.startswith(_SQLITE) or not path.is_absolute():
        raise CannotStartError("database.url is neither sqlite:/absolute/path nor postgresql://user@host/name")
    return SqliteEngine(path)


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


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CannotStartError(f"password_file {path} cannot be read: {error}") from error
