"""Who asks: one bearer token in one header, verified once and remembered until it ends. Never says why not."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from time import time
from typing import overload

from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.revocation import RevocationCheck
from scalelab.stack.api_gateway.token_keys import VerificationKey
from scalelab.stack.api_gateway.tokens import TokenRules, VerifiedToken, verify_token
from scalelab.stack.service_kit.problems import problem

Handler = Callable[[Request], Awaitable[Response]]

MAX_REMEMBERED_TOKENS = 10_000
_CHALLENGE = 'Bearer realm="scalelab"'


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in: the status and the challenge that goes with it."""

    status: HTTPStatus
    challenge: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Those of the answer: the challenge, or when to come back."""
        return {"WWW-Authenticate": self.challenge} if self.challenge else {"Retry-After": "1"}


NO_TOKEN = Refusal(HTTPStatus.UNAUTHORIZED, _CHALLENGE)
BAD_TOKEN = Refusal(HTTPStatus.UNAUTHORIZED, f'{_CHALLENGE}, error="invalid_token"')
UNKNOWABLE = Refusal(HTTPStatus.SERVICE_UNAVAILABLE)
"""The token is good, but whether it was revoked cannot be known now."""
TWO_HEADERS = Refusal(HTTPStatus.BAD_REQUEST, f'{_CHALLENGE}, error="invalid_request"')


class Authenticator:
    """Verifies tokens with the keys at hand. A token seen before costs one look into a bounded table."""

    def __init__(
        self,
        keys: Mapping[str, VerificationKey],
        rules: TokenRules,
        *,
        clock_s: Callable[[], float] = time,
        max_remembered: int = MAX_REMEMBERED_TOKENS,
        revocations: RevocationCheck | None = None,
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._clock_s = clock_s
        self._max_remembered = max_remembered
        self._revocations = revocations
        self._remembered: OrderedDict[str, VerifiedToken] = OrderedDict()
        self._token_of: dict[str, str] = {}
        """The remembered token of each id."""
        self.recall = self._remembered.get
        """`recall(token)`: what was verified, and neither revoked nor verified with a key that has gone."""

    def on_revoked(self, jti: str) -> None:
        """See `RevocationListener`."""
        token = self._token_of.get(jti)
        if token is not None:
            self._forget(token)

    def forget_all(self) -> None:
        """Verify everything anew: a key has gone."""
        self._remembered.clear()
        self._token_of.clear()

    def authenticate(self, authorization: list[str]) -> VerifiedToken | Refusal:
        """The token of the request with these `Authorization` headers, or the refusal."""
        token = bearer_token(authorization)
        return token if isinstance(token, Refusal) else self.admit(token)

    def admit(self, token: str) -> VerifiedToken | Refusal:
        """What the token says, or the refusal."""
        verified = self._verified(token)
        if verified is None:
            return BAD_TOKEN
        return verified if self._revocations is None or self._revocations.lets_in() else UNKNOWABLE

    def certain_for_s(self, admitted: VerifiedToken) -> float:
        """For how long the same would be admitted again, unless it is no longer recalled before."""
        left_s = admitted.expires_at_s + self._rules.leeway_s - self._clock_s()
        return left_s if self._revocations is None else min(left_s, self._revocations.certain_for_s())

    def _verified(self, token: str) -> VerifiedToken | None:
        now_s = self._clock_s()
        known = self._remembered.get(token)
        if known is None:
            known = verify_token(token, self._keys, self._rules, now_s)
            if known is not None and self._revocations is not None and self._revocations.is_revoked(known.jti):
                return None
            if known is not None:
                self._remember(token, known)
        elif known.kid not in self._keys or not known.is_current(now_s, self._rules.leeway_s):
            self._forget(token)
            known = None
        return known

    def _remember(self, token: str, verified: VerifiedToken) -> None:
        if len(self._remembered) >= self._max_remembered:
            self._forget(next(iter(self._remembered)))
        self._remembered[token] = verified
        self._token_of[verified.jti] = token

    def _forget(self, token: str) -> None:
        verified = self._remembered.pop(token)
        self._token_of.pop(verified.jti, None)


def bearer_token(authorization: list[str]) -> str | Refusal:
    """The token in these `Authorization` headers, good or not."""
    if not authorization:
        return NO_TOKEN
    if len(authorization) > 1:
        return TWO_HEADERS
    scheme, _, token = authorization[0].partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else NO_TOKEN


@overload
def requires_token(handler: Handler) -> Handler: ...


@overload
def requires_token(*, scope: str) -> Callable[[Handler], Handler]: ...


def requires_token(handler: Handler | None = None, *, scope: str = "") -> Handler | Callable[[Handler], Handler]:
    """Lets a request in with a good token only: `request.state.token`, and `request.state.subject` says whose it is.

    Stands above every other decorator: whoever is not let in learns nothing, not even from the cache.

    Args:
        handler: given when used as `@requires_token`.
        scope: what the token must allow, as `@requires_token(scope="data:write")`; without it the answer is 403.
    """

    def decorate(wrapped: Handler) -> Handler:
        return _guarded(wrapped, scope)

    return decorate if handler is None else decorate(handler)


def _guarded(handler: Handler, scope: str) -> Handler:
    lacking = {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'}

    @wraps(handler)
    async def let_in(request: Request) -> Response:
        authenticator: Authenticator = request.state.authenticator
        token = authenticator.authenticate(request.headers.getlist("authorization"))
        if isinstance(token, Refusal):
            return problem(request, token.status, headers=token.headers)
        if scope and scope not in token.scopes:
            return problem(request, HTTPStatus.FORBIDDEN, headers=lacking)
        request.state.token = token
        request.state.subject = token.subject
        return await handler(request)

    let_in.requires_token = True  # type: ignore[attr-defined]  # read by `cached`, which must not stand above
    return let_in
