"""The hit path of one gateway, put together: its table, what drops answers from it, its counters. Wiring only."""

import secrets
from collections.abc import Callable
from time import monotonic
from typing import Any

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.coherence import Coherence
from scalelab.stack.api_gateway.gateway_metrics import CacheMetrics, expose_hot_table
from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.hot_path.offers import HotOffers
from scalelab.stack.api_gateway.hot_path.protocol import SAMPLE_RATIO_NAME, STATE_NAME
from scalelab.stack.api_gateway.key_ring import KeyRing
from scalelab.stack.api_gateway.revocation import RevokedTokens
from scalelab.stack.cache import open_peers
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics


class HotPath:
    """`coherence` exists also where the hit path is off: a gateway without memory of its own announces its writes."""

    def __init__(
        self,
        settings: GatewaySettings,
        metrics: ServiceMetrics,
        cache_metrics: CacheMetrics,
        *,
        clock_s: Callable[[], float],
        steady_clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """Connects to nothing yet.

        Raises:
            CannotStartError: the cache's password file cannot be read.
        """
        max_bytes = settings.hit_path_max_mib * 1024 * 1024
        self.table = HotTable(clock_s=clock_s, steady_clock_s=steady_clock_s, max_bytes=max_bytes)
        self.coherence = _coherence(settings, self.table)
        self.offers: HotOffers | None = None
        self.connection_state: dict[str, Any] = {}
        if settings.hit_path:
            self.offers = HotOffers(
                self.table,
                instance=settings.instance,
                leeway_s=settings.clock_leeway_s,
                steady_clock_s=steady_clock_s,
            )
            self.connection_state = {STATE_NAME: self.table, SAMPLE_RATIO_NAME: settings.access_sample_ratio}
            expose_hot_table(self.table, metrics, cache_metrics)

    def heed(self, revoked: RevokedTokens, keys: KeyRing) -> None:
        """Answers of revoked tokens, and of keys that have gone, are given no longer."""
        revoked.tell(self.table)
        keys.tell(self.table.clear)


def _coherence(settings: GatewaySettings, table: HotTable) -> Coherence:
    member = f"{settings.instance}:{secrets.token_hex(8)}"
    try:
        peers = open_peers(settings.cache_url, member, password_file=settings.cache_password_file)
    except OSError as error:
        raise CannotStartError(f"cache_password_file cannot be read: {error}") from error
    coherence = Coherence(peers, on_lease=table.open_until)
    coherence.on("tag", table.drop_tags)
    coherence.on("token", table.drop_tokens)
    coherence.on("everything", lambda _names: table.clear())
    return coherence
