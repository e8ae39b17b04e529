"""Accounts where there is no database service."""

import json

from scalelab.contracts.records import AccountRecord
from scalelab.stack.api_gateway.account_file import AccountFile


async def test_it_tells_accounts_as_the_database_service_does(tmp_path):
    """The record, or 404; read once."""
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"ada": {"password_hash": "h", "scopes": ["a"]}}))
    accounts = AccountFile(path)
    path.unlink()

    found = await accounts.request("GET", "/accounts/ada")
    unknown = await accounts.request("GET", "/accounts/bob")

    assert found.status == 200
    assert AccountRecord.model_validate_json(found.body) == AccountRecord(
        username="ada", password_hash="h", scopes=("a",)
    )
    assert unknown.status == 404
