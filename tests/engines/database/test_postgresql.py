"""What only the PostgreSQL engine has to show: its server's faults, and asyncpg missing."""

import sys

import pytest

from scalelab.stack.database.base import EngineUnavailableError
from scalelab.stack.database.postgresql import PostgresqlEngine
from scalelab.stack.database.seeding import Seeding
from scalelab.stack.service_kit.cannot_start import CannotStartError


async def test_a_server_that_is_not_there_stops_the_start(tmp_path):
    """The message names the setting and the server, never the password."""
    engine = PostgresqlEngine("postgresql://ada:swordfish@127.0.0.1:1/lab", password=None, connections=1)

    with pytest.raises(CannotStartError, match=r"database\.url: .*lab at 127\.0\.0\.1") as caught:
        async with engine.opened():
            pass

    assert "swordfish" not in str(caught.value)


async def test_a_missing_package_is_named(monkeypatch):
    """Without asyncpg the message says what to type."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    engine = PostgresqlEngine("postgresql://ada@127.0.0.1:1/lab", password=None, connections=1)

    with pytest.raises(CannotStartError, match=r"pip install 'scalelab\[postgresql\]'"):
        async with engine.opened():
            pass


async def test_a_wrong_password_stops_the_start(postgresql_server):
    """The server's refusal is the reason; neither password is repeated."""
    engine = PostgresqlEngine(postgresql_server.url, password="wrong one", connections=1)

    with pytest.raises(CannotStartError, match=r"database\.url: .*password authentication failed") as caught:
        async with engine.opened():
            pass

    assert "wrong one" not in str(caught.value)


async def test_a_lost_connection_is_made_again(postgresql_server):
    """Sessions that the server ends are a passing fault: a later call is answered."""
    engine = PostgresqlEngine(*postgresql_server, connections=1)
    async with engine.opened():
        await engine.prepare(Seeding(seed=1, count=1), [])
        with pytest.raises(EngineUnavailableError, match="terminating connection"), engine._translated():
            await engine._pool.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        record = await engine.fetch(1)

    assert record.is_whole()
