"""The database service, put together: engine, pool and routes become one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.types import ASGIApp

from scalelab.contracts.service_settings import DatabaseSettings
from scalelab.stack.database.base import EngineUnavailableError
from scalelab.stack.database.delay_route import delay_routes
from scalelab.stack.database.pool_occupants import PoolOccupants
from scalelab.stack.database.query_pool import QueryPool, expose_pool
from scalelab.stack.database.routes import RecordRoutes
from scalelab.stack.database.seeding import Seeding
from scalelab.stack.database.start import engine_of
from scalelab.stack.service_kit.accounts_file import read_accounts
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.handicaps import Handicaps
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.service import build_service


def create_app(settings: DatabaseSettings) -> ASGIApp:
    """The service as an ASGI application; the engine is opened and seeded before the first request."""
    metrics = ServiceMetrics()
    engine = engine_of(settings)
    accounts = read_accounts(settings.accounts_file)
    handicaps = Handicaps(on_change=lambda now: occupants.occupy(now.for_s if now and now.fills_pool else 0.0))
    delay = SimulatedDelay(settings.delay, more_s=lambda: handicaps.delay_s)
    pool = QueryPool(settings.pool_size, delay)
    occupants = PoolOccupants(pool)
    expose_pool(pool, metrics)

    @asynccontextmanager
    async def resources() -> AsyncIterator[None]:
        async with engine.opened():
            try:
                is_new = await engine.prepare(Seeding(settings.seed, settings.records), accounts)
            except EngineUnavailableError as error:
                raise CannotStartError(f"database.url: the {engine!r} cannot be filled: {error}") from error
            structlog.get_logger().info("database_open", engine=repr(engine), records=settings.records, seeded=is_new)
            yield

    return build_service(
        settings,
        RecordRoutes(engine, pool, TimeKeeper(metrics)).routes(),
        metrics=metrics,
        resources=resources,
        admin_routes=(*handicaps.routes(), *delay_routes(delay)),
    )
