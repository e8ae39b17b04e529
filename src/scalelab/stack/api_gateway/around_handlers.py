"""What stands around every handler that asks a service, as the settings have it. Wiring only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.compressing import Compression
from scalelab.stack.api_gateway.explaining import explained
from scalelab.stack.api_gateway.on_time import OnTime
from scalelab.stack.api_gateway.priority_classes import with_priority
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics


def as_it_is(handler: Handler) -> Handler:
    """The same."""
    return handler


@dataclass(frozen=True)
class AroundHandlers:
    """One for all routes of a gateway. What is switched off costs nothing."""

    on_time: OnTime
    classed: Callable[[Handler], Handler]
    """Gives a request the class of its user."""
    told: Callable[[Handler], Handler]
    """Has the answer say where its time went."""
    compression: Compression | None

    @classmethod
    def of(cls, settings: GatewaySettings, metrics: ServiceMetrics) -> Self:
        """By the settings."""
        return cls(
            OnTime(TimeKeeper(metrics), settings.deadline_s, honours_clients=settings.client_deadlines),
            with_priority if settings.slot_classes else as_it_is,
            explained if settings.explain_answers else as_it_is,
            Compression(settings.compression_min_bytes, metrics) if settings.compression else None,
        )

    def __call__(self, handler: Handler, deadline_s: float | None = None) -> Handler:
        """All of it but compression. `deadline_s`: of this route; None: the gateway's."""
        return self.told(self.on_time(self.classed(handler), deadline_s))
