"""Slows down who guesses passwords: shared counts while the server answers, this gateway's own while it does not."""

from collections.abc import Sequence

from starlette.requests import Request

from scalelab.stack.api_gateway.client_address import TrustedPeers, client_address
from scalelab.stack.api_gateway.login_attempts import LoginAttempts, Outcome
from scalelab.stack.cache.outage import OutageLog


class LoginThrottle:
    """What the login asks before and after each attempt."""

    def __init__(self, local: LoginAttempts, trusted: TrustedPeers, *, shared: LoginAttempts | None = None) -> None:
        self._local = local
        self._shared = shared
        self._trusted = trusted
        self._outage = OutageLog("login limits")

    def peer_of(self, request: Request) -> str:
        """The client to count by."""
        named: Sequence[str] = request.headers.getlist("x-forwarded-for")
        return client_address(request.client.host if request.client else None, named, self._trusted)

    async def wait_s(self, username: str, peer: str, outcome: Outcome) -> float:
        """Seconds to wait; 0 when the attempt may be made (`asked`), or its outcome told."""
        if self._shared is not None:
            wait_s = await self._shared.judge(username, peer, outcome)
            if wait_s is not None:
                self._outage.success()
                return wait_s
            self._outage.fault("unavailable", "failed logins are counted by each gateway for itself")
        return await self._local.judge(username, peer, outcome) or 0.0

    async def aclose(self) -> None:
        """Give back connections."""
        if self._shared is not None:
            await self._shared.aclose()
