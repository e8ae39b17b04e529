"""An account as the row of a table, the same for every engine. Pure."""

from scalelab.contracts.records import AccountRecord

AccountRow = tuple[str, str, str]
"""User name, Argon2 hash, scopes separated by blanks."""


def account_row(account: AccountRecord) -> AccountRow:
    """What is stored."""
    return account.username, account.password_hash, " ".join(account.scopes)


def account_of(row: AccountRow) -> AccountRecord:
    """What was stored."""
    username, password_hash, scopes = row
    return AccountRecord(username=username, password_hash=password_hash, scopes=tuple(scopes.split()))
