"""Settings of a small database service on a SQLite file of the test's own."""

import json

import pytest
import structlog

from scalelab.contracts.service_settings import DatabaseSettings
from scalelab.contracts.topology import Delay


@pytest.fixture
def settings(tmp_path):
    accounts_file = tmp_path / "accounts.json"
    accounts_file.write_text(json.dumps({"ada": "$argon2id$of-ada"}))
    return DatabaseSettings(
        instance="database-1",
        stack_nonce="nonce-1",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        url=f"sqlite:{tmp_path}/records.sqlite",
        records=50,
        seed=1,
        pool_size=2,
        delay=Delay(),
        accounts_file=accounts_file,
    )


@pytest.fixture
def log_lines():
    """The structured log lines that the test causes, as dictionaries."""
    with structlog.testing.capture_logs() as lines:
        yield lines
