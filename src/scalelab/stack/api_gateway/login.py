"""`POST /login`: credentials for a token. Unknown user and wrong password differ in neither answer nor time."""

import math
import re
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from scalelab.contracts.model import Contract
from scalelab.contracts.records import ACCOUNTS_PATH, AccountRecord
from scalelab.stack.api_gateway.forwarding import Upstream, as_response, come_back, no_slot, slot_of
from scalelab.stack.api_gateway.issuing import TokenIssuer
from scalelab.stack.api_gateway.login_attempts import Outcome
from scalelab.stack.api_gateway.login_throttle import LoginThrottle
from scalelab.stack.api_gateway.passwords import PasswordChecks
from scalelab.stack.api_gateway.request_input import Refusal, read_document
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, answer_unless_gone
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.@+-]{0,127}")
"""Names that can exist. Any other is unknown without a question to the database, and can form no other path."""


class LoginRequest(Contract):
    """Body of `POST /login`."""

    username: Annotated[str, Field(min_length=1, max_length=256)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class Login:
    """The handler and what it decides with."""

    def __init__(
        self,
        issuer: TokenIssuer,
        throttle: LoginThrottle,
        *,
        passwords: PasswordChecks,
        slots: UpstreamSlots,
    ) -> None:
        self._issuer = issuer
        self._passwords = passwords
        self._slots = slots
        self._throttle = throttle

    async def answer(self, request: Request, accounts: Upstream) -> Response:
        """200 with a token, 400, 401, 413, 429, or why the accounts could not be read."""
        try:
            wanted = await read_document(request, LoginRequest)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if isinstance(wanted, Refusal):
            return problem(request, wanted.status, wanted.detail)
        wait_s = await self._throttle.wait_s(wanted.username, self._throttle.peer_of(request), "asked")
        if wait_s > 0:
            return _too_many(request, wait_s)
        return await answer_unless_gone(request, self._judge(request, accounts, wanted))

    async def _judge(self, request: Request, accounts: Upstream, wanted: LoginRequest) -> Response:
        found = await self._account(request, accounts, wanted.username)
        if isinstance(found, Response):
            return found
        is_right = await self._passwords.is_right(wanted.password, None if found is None else found.password_hash)
        if is_right is None:
            return come_back(request, "too many logins at once")
        account = found if is_right else None
        outcome: Outcome = "failed" if account is None else "succeeded"
        wait_s = await self._throttle.wait_s(wanted.username, self._throttle.peer_of(request), outcome)
        if wait_s > 0:
            return _too_many(request, wait_s)
        return _turned_away(request) if account is None else await self._welcome(account)

    async def _account(self, request: Request, accounts: Upstream, username: str) -> AccountRecord | Response | None:
        """The account, None for an unknown one, or the answer that says why it could not be read."""
        if _ACCOUNT_NAME.fullmatch(username) is None:
            return None
        async with slot_of(self._slots) as is_held:
            if not is_held:
                return no_slot(request)
            outcome = await accounts.request("GET", f"{ACCOUNTS_PATH}/{username}")
        if isinstance(outcome, UpstreamAnswer) and outcome.status == HTTPStatus.NOT_FOUND:
            return None
        if isinstance(outcome, UpstreamFault) or outcome.status != HTTPStatus.OK:
            return as_response(request, outcome)
        try:
            return AccountRecord.model_validate_json(outcome.body)
        except ValidationError:
            return as_response(request, UpstreamFault("broken", "no account record"))

    async def _welcome(self, account: AccountRecord) -> Response:
        tokens = await self._issuer.begin(account)
        return JSONResponse(tokens.document(), headers={"Cache-Control": "no-store"})


def _turned_away(request: Request) -> Response:
    return problem(
        request,
        HTTPStatus.UNAUTHORIZED,
        "username or password is wrong",
        {"WWW-Authenticate": 'Bearer realm="scalelab"', "Cache-Control": "no-store"},
    )


def _too_many(request: Request, wait_s: float) -> Response:
    headers = {"Retry-After": str(math.ceil(wait_s)), "Cache-Control": "no-store"}
    return problem(request, HTTPStatus.TOO_MANY_REQUESTS, "too many failed logins", headers)
