"""Reads accounts from a file and exchanges them for tokens, once, before the clock starts. Never logs a password."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from scalelab.contracts.stack_view import Account
from scalelab.lab.system_client import SystemClient

_ACCOUNTS = TypeAdapter(tuple[Account, ...])


class AccountsError(Exception):
    """Raised when there are no accounts to log in with; the message says what to give."""


def read_accounts(file: str) -> tuple[Account, ...]:
    """Accounts of a JSON list, or of what `scalelab status --json` prints.

    Raises:
        AccountsError: no file named, not readable, or no accounts in it.
    """
    if not file:
        raise AccountsError(
            "no accounts to log in with: give --accounts-file (or LAB_LOAD_ACCOUNTS_FILE), "
            "for example the output of 'scalelab status --json'"
        )
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
        if isinstance(document, dict):
            document = document.get("load_accounts") or [document["login"]]
        accounts = _ACCOUNTS.validate_python(document)
    except (OSError, KeyError, ValueError) as error:  # the text may hold passwords: only the kind is told
        raise AccountsError(f"accounts file {file} cannot be used: {type(error).__name__}") from None
    if not accounts:
        raise AccountsError(f"accounts file {file} holds no account")
    return accounts


def log_in(client: SystemClient, accounts: Sequence[Account]) -> tuple[str, ...]:
    """One token for each account.

    Raises:
        SystemAnswerError: a login was refused or not answered.
    """
    return tuple(client.log_in(account) for account in accounts)
