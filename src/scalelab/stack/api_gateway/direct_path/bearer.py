"""The token of one client who asks again and again: looked at in full once a second, and whenever it is forgotten."""

from scalelab.stack.api_gateway.authentication import Authenticator, Refusal, bearer_token
from scalelab.stack.api_gateway.tokens import VerifiedToken

LONGEST_TRUST_S = 1.0
"""After so long the token's end is compared with the clock again."""
_NEVER_S = float("-inf")


class Bearer:
    """What a client has to show. Nothing is trusted that the authenticator no longer recalls."""

    __slots__ = ("_admitted", "_authenticator", "_recall", "_token", "_trusted_until_s")

    def __init__(self, authenticator: Authenticator, authorization: list[str]) -> None:
        """`authorization`: the values of the headers of this name."""
        token = bearer_token(authorization)
        self._token = "" if isinstance(token, Refusal) else token
        self._authenticator = authenticator
        self._recall = authenticator.recall
        self._admitted: VerifiedToken | None = None
        self._trusted_until_s = _NEVER_S

    def admitted(self, steady_s: float) -> VerifiedToken | None:
        """What the token says; None when it is refused, of which the ordinary way says more.

        Args:
            steady_s: now, on the monotonic clock.
        """
        if steady_s < self._trusted_until_s and self._recall(self._token) is self._admitted:
            return self._admitted
        return self._ask(steady_s)

    def _ask(self, steady_s: float) -> VerifiedToken | None:
        self._trusted_until_s = _NEVER_S
        token = self._authenticator.admit(self._token)
        if isinstance(token, Refusal):
            return None
        self._admitted = token
        self._trusted_until_s = steady_s + min(LONGEST_TRUST_S, self._authenticator.certain_for_s(token))
        return token
