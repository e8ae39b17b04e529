"""What the service reads at its start; every fault names the setting."""

import pytest

from scalelab.stack.database.postgresql import PostgresqlEngine
from scalelab.stack.database.sqlite import SqliteEngine
from scalelab.stack.database.start import engine_of
from scalelab.stack.service_kit.cannot_start import CannotStartError


def test_the_url_chooses_the_engine(settings):
    """sqlite: is the file, postgresql:// the server."""
    server = settings.model_copy(update={"url": "postgresql://ada@db.example/lab"})

    engines = engine_of(settings), engine_of(server)

    assert [type(engine) for engine in engines] == [SqliteEngine, PostgresqlEngine]


def test_a_password_does_not_show(settings, tmp_path):
    """Neither one of the URL nor one of the file appears in the engine's repr."""
    (tmp_path / "password").write_text("hunter2\n")
    engine = engine_of(
        settings.model_copy(
            update={"url": "postgresql://ada:swordfish@db.example/lab", "password_file": tmp_path / "password"}
        )
    )

    assert repr(engine) == "PostgreSQL database lab at db.example"
    assert engine._password == "hunter2"


@pytest.mark.parametrize("url", ["sqlite:", "sqlite:relative.db", "mysql://x/y", ""])
def test_another_url_is_refused(settings, url):
    """Only an absolute path or a PostgreSQL URL will do."""
    with pytest.raises(CannotStartError, match=r"database\.url"):
        engine_of(settings.model_copy(update={"url": url}))


def test_a_missing_password_file_is_named(settings, tmp_path):
    """The setting and the path stand in the message."""
    update = {"url": "postgresql://ada@db.example/lab", "password_file": tmp_path / "none"}

    with pytest.raises(CannotStartError, match=r"password_file .*none"):
        engine_of(settings.model_copy(update=update))
