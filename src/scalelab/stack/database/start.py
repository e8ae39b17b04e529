"""What the service reads at its start: which engine, and its password. Every fault names the setting."""

from pathlib import Path

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


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CannotStartError(f"password_file {path} cannot be read: {error}") from error
