"""Who may come in, put together: keys, sessions, revocations, the check of tokens and their issue. Wiring only."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import time

from prometheus_client import Counter, Gauge

from scalelab.contracts import metric_names
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.authentication import Authenticator
from scalelab.stack.api_gateway.client_address import TrustedPeers
from scalelab.stack.api_gateway.issuing import TokenIssuer
from scalelab.stack.api_gateway.key_ring import KeyRing
from scalelab.stack.api_gateway.login_attempts import LocalLoginAttempts, LoginLimits, SharedLoginAttempts
from scalelab.stack.api_gateway.login_throttle import LoginThrottle
from scalelab.stack.api_gateway.revocation import RevocationCheck, RevocationFollower, RevokedTokens
from scalelab.stack.api_gateway.sessions import open_sessions
from scalelab.stack.api_gateway.sessions.opening import server_client
from scalelab.stack.api_gateway.tokens import TokenRules
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics


class Access:
    """One gateway's. `revoked.tell` and `keys.tell` are for whoever else remembers something about tokens."""

    def __init__(
        self, settings: GatewaySettings, metrics: ServiceMetrics, *, clock_s: Callable[[], float] = time
    ) -> None:
        """Connects to nothing yet.

        Raises:
            CannotStartError: a key, or the cache's address or password, is of no use.
        """
        rules = token_rules(settings)
        self.keys = KeyRing(settings.signing_key_file, settings.token_algorithm)
        self.revoked = RevokedTokens(clock_s)
        self._sessions = open_sessions(
            settings.cache_url,
            password_file=settings.cache_password_file,
            keep_revoked_s=rules.lifetime_s + 2 * rules.leeway_s,
            clock_s=clock_s,
        )
        refuses = settings.revocation_when_unreachable == "refuse"
        self.follower = RevocationFollower(
            self._sessions, self.revoked, on_blind=self.keys.demand_anew if refuses else lambda: None
        )
        check = RevocationCheck(
            self.revoked,
            self.follower,
            settings.revocation_when_unreachable,
            on_unchecked=_exposed(self.revoked, self.follower, metrics),
        )
        self.authenticator = Authenticator(self.keys, rules, clock_s=clock_s, revocations=check)
        self.revoked.tell(self.authenticator)
        self.keys.tell(self.authenticator.forget_all)
        self.login_throttle = _login_throttle(settings)
        self.issuer = TokenIssuer(
            self.keys,
            rules,
            self._sessions,
            self.revoked,
            refresh_lifetime_s=settings.refresh_lifetime_s,
            clock_s=clock_s,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hears of revocations while the context is open."""
        try:
            async with self.follower.following():
                yield
        finally:
            await self._sessions.aclose()
            await self.login_throttle.aclose()


def token_rules(settings: GatewaySettings) -> TokenRules:
    """What the settings say of tokens."""
    return TokenRules(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        lifetime_s=settings.token_lifetime_s,
        leeway_s=settings.clock_leeway_s,
    )


def _login_throttle(settings: GatewaySettings) -> LoginThrottle:
    try:
        trusted = TrustedPeers(settings.trusted_peers)
    except ValueError as error:
        raise CannotStartError(f"trusted_peers holds what is no network: {error}") from error
    limits = LoginLimits(
        settings.login_failures_per_account, settings.login_failures_per_peer, settings.login_window_s
    )
    client = server_client(settings.cache_url, settings.cache_password_file)
    shared = None if client is None else SharedLoginAttempts(client, limits)
    return LoginThrottle(LocalLoginAttempts(limits), trusted, shared=shared)


def _exposed(revoked: RevokedTokens, follower: RevocationFollower, metrics: ServiceMetrics) -> Callable[[], None]:
    """Makes the metrics; what to call for a token that was let in unchecked."""
    registry = metrics.registry
    known = Gauge(metric_names.REVOKED_TOKENS, "Revoked tokens known here.", registry=registry)
    known.set_function(lambda: len(revoked))
    silence = Gauge(
        metric_names.REVOCATION_SILENCE_SECONDS, "Time since revocations could be heard.", registry=registry
    )
    silence.set_function(lambda: follower.silence_s)
    unchecked = Counter(
        metric_names.TOKENS_UNCHECKED_TOTAL, "Tokens let in while revocations were unheard.", registry=registry
    )
    return unchecked.inc
