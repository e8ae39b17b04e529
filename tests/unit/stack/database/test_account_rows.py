"""An account survives its row."""

import pytest

from scalelab.contracts.records import AccountRecord
from scalelab.stack.database.account_rows import account_of, account_row


@pytest.mark.parametrize("scopes", [(), ("data:write",), ("a", "b")])
def test_an_account_comes_back_as_it_was(scopes):
    """Whatever its scopes."""
    account = AccountRecord(username="ada", password_hash="h", scopes=scopes)

    assert account_of(account_row(account)) == account
