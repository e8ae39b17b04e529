"""Accounts where there is no database service to ask: read once, and told as that service would tell them."""

from http import HTTPStatus
from pathlib import Path

from scalelab.contracts.records import ACCOUNTS_PATH
from scalelab.stack.service_kit.accounts_file import read_accounts
from scalelab.stack.upstream import UpstreamAnswer


class AccountFile:
    """Answers `GET /accounts/{username}` alone."""

    def __init__(self, path: Path) -> None:
        """Raises CannotStartError: the file cannot be read or holds no accounts."""
        self._accounts = {f"{ACCOUNTS_PATH}/{account.username}": account for account in read_accounts(path)}

    async def request(
        self, _method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer:
        """The account, or 404. Never a fault."""
        del headers, body  # a question about an account has neither
        account = self._accounts.get(path_and_query)
        if account is None:
            return UpstreamAnswer(HTTPStatus.NOT_FOUND, (), b"")
        return UpstreamAnswer(HTTPStatus.OK, (), account.model_dump_json().encode())
