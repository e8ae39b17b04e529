"""The microservice: `/process` fetches records, works on them, takes its service time and answers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from scalelab.contracts.http_names import PROCESS_PATH
from scalelab.contracts.processing import PROCESSED_RECORDS
from scalelab.contracts.service_settings import MicroserviceSettings
from scalelab.stack.microservice.processing import process_records
from scalelab.stack.microservice.records_client import RecordsMissing, fetch_records
from scalelab.stack.service_kit.client_gone import answer_unless_gone
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.handicaps import Handicaps
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.service_kit.service import build_service
from scalelab.stack.upstream import UpstreamClient

_KEY = re.compile(r"[1-9][0-9]{0,17}")  # what the database service takes for a key


def create_app(settings: MicroserviceSettings) -> ASGIApp:
    """The service as an ASGI application."""
    handicaps = Handicaps()
    metrics = ServiceMetrics()
    service_time = SimulatedDelay(settings.service_time, more_s=lambda: handicaps.delay_s)
    process = ProcessRoute(settings, service_time, TimeKeeper(metrics))
    return build_service(
        settings,
        [Route(PROCESS_PATH, process.answer)],
        metrics=metrics,
        resources=process.opened,
        admin_routes=handicaps.routes(),
    )


class ProcessRoute:
    """`GET /process?key=K`."""

    def __init__(self, settings: MicroserviceSettings, service_time: SimulatedDelay, keeper: TimeKeeper) -> None:
        self._settings = settings
        self._service_time = service_time
        self._keeper = keeper
        self._database: UpstreamClient | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Holds the connections to the database service while the context is open."""
        async with UpstreamClient(self._settings.database_url, self._settings.upstream_timeout_s) as self._database:
            yield

    async def answer(self, request: Request) -> Response:
        """The handler; the work is given up when the client goes, or its time is over."""
        match request.query_params.getlist("key"):
            case [key] if _KEY.fullmatch(key):
                return await answer_unless_gone(
                    request, self._keeper.answer(request, self._process(request, int(key)))
                )
        return problem(request, HTTPStatus.BAD_REQUEST, "key must be given once, as a positive number")

    async def _process(self, request: Request, key: int) -> Response:
        assert self._database is not None
        records = await fetch_records(self._database, key, PROCESSED_RECORDS)
        if isinstance(records, RecordsMissing):
            if records.status != HTTPStatus.NOT_FOUND:
                structlog.get_logger().warning("records_missing", key=key, reason=records.detail)
            return problem(request, records.status, records.detail, records.headers)
        view = process_records(records)
        await self._service_time.wait()
        return Response(view.model_dump_json(), media_type="application/json")
