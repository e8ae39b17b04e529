"""The file of accounts: what is in it, and what stops the start."""

import json

import pytest

from scalelab.contracts.records import AccountRecord
from scalelab.stack.service_kit.accounts_file import read_accounts
from scalelab.stack.service_kit.cannot_start import CannotStartError


def test_accounts_are_a_json_object(tmp_path):
    """User name to hash; with scopes, to an object."""
    document = {"ada": "$argon2id$of-ada", "bob": {"password_hash": "h", "scopes": ["data:write"]}}
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps(document))

    accounts = read_accounts(path)

    assert accounts == [
        AccountRecord(username="ada", password_hash="$argon2id$of-ada"),
        AccountRecord(username="bob", password_hash="h", scopes=("data:write",)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"ada": {"scopes": []}}',
        '{"ada": {"password_hash": "h", "scopes": ["a b"]}}',
        '{"ada": 1}',
        '{"ada": null}',
        "{",
    ],
)
def test_other_accounts_are_refused(tmp_path, content):
    """A torn or foreign file stops the start, and its content is not shown."""
    path = tmp_path / "accounts.json"
    path.write_text(content)

    with pytest.raises(CannotStartError, match=r"accounts_file .*accounts\.json"):
        read_accounts(path)


def test_a_missing_accounts_file_is_named(tmp_path):
    """The path stands in the message."""
    with pytest.raises(CannotStartError, match=r"accounts_file .*none\.json"):
        read_accounts(tmp_path / "none.json")
