"""A small database service as a process."""

import json

import pytest


@pytest.fixture
def run_database(run_service, tmp_path):
    """`run_database(pool_size=2, ...)`: any setting can be given."""

    def start(*, is_awaited=True, **settings):
        accounts = tmp_path / "accounts.json"
        accounts.write_text(json.dumps({"ada": "$argon2id$of-ada"}))
        defaults = {
            "url": f"sqlite:{tmp_path}/records.sqlite",
            "records": 100,
            "seed": 1,
            "pool_size": 4,
            "delay": {"kind": "constant", "mean_s": 0.0},
            "accounts_file": str(accounts),
        }
        return run_service("database", {**defaults, **settings}, is_awaited=is_awaited)

    return start
