"""The API gateway: authenticate, look in the cache, forward, store, answer."""

from collections.abc import Mapping, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from scalelab.contracts.http_names import (
    DATA_PATH,
    HEALTH_PATH,
    OPENAPI_PATH,
    PROCESS_PATH,
)
from scalelab.contracts.records import DATA_WRITE_SCOPE, RecordUpdate
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.contracts.stack_identity import stack_identity
from scalelab.stack.api_gateway.account_routes import account_routes, key_routes
from scalelab.stack.api_gateway.authentication import Handler, requires_token
from scalelab.stack.api_gateway.forwarding import forward
from scalelab.stack.api_gateway.gateway_layer import GatewayLayer
from scalelab.stack.api_gateway.gateway_parts import GatewayParts
from scalelab.stack.api_gateway.long_tasks import long_task_routes
from scalelab.stack.api_gateway.openapi import api_description
from scalelab.stack.api_gateway.purging import purge_routes, tags_of_record
from scalelab.stack.api_gateway.request_input import Refusal, read_document, takes_record_key
from scalelab.stack.api_gateway.response_cache import cached
from scalelab.stack.api_gateway.task_events import Listeners, task_event_route
from scalelab.stack.api_gateway.upstream_paths import process_path_of, record_path_of
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.service_kit.request_context import RequestRecords
from scalelab.stack.service_kit.service import build_service


def create_app(settings: GatewaySettings) -> ASGIApp:
    """The gateway as an ASGI application.

    Raises:
        CannotStartError: a key, password or address of the settings is of no use.
    """
    metrics = ServiceMetrics()
    return assemble(settings, GatewayParts(settings, metrics), metrics)


def assemble(settings: GatewaySettings, parts: GatewayParts, metrics: ServiceMetrics) -> ASGIApp:
    """The same from parts at hand."""
    has_laboratory = settings.accounts_file is None
    service = build_service(
        settings,
        [
            health_route(settings),
            *account_routes(parts),
            *(laboratory_routes(settings, parts, metrics) if has_laboratory else ()),
        ],
        fallback=parts.own_routes.live,
        metrics=metrics,
        resources=parts.opened,
        admin_routes=[
            *purge_routes(parts.purges),
            *key_routes(parts.access.keys),
            *parts.own_routes.admin_routes(),
        ],
    )
    gateway = GatewayLayer(
        service,
        instance=settings.instance,
        authenticator=parts.authenticator,
        response_cache=parts.response_cache,
    )
    return gateway if parts.traces is None else parts.traces.around(gateway)


def laboratory_routes(settings: GatewaySettings, parts: GatewayParts, metrics: ServiceMetrics) -> Sequence[BaseRoute]:
    """What needs the laboratory's services, and its description."""
    reads = record_reads(settings, parts)
    if settings.direct_path and parts.traces is None:
        parts.read_directly(reads, RequestRecords(metrics, settings.access_sample_ratio))
    tasks = [*long_task_routes(parts.tasks), task_event_route(parts.tasks, Listeners())]
    return [description_route(), *record_routes(parts, reads), *tasks]


def record_reads(settings: GatewaySettings, parts: GatewayParts) -> Mapping[str, Handler]:
    """What the gateway is for, by path: records and what is made of them. For requests with a token and a key."""

    @cached(ttl_s=settings.cache_ttl_s, sharing="public", tag=record_tag)
    async def read_data(request: Request) -> Response:
        return await forward(request, parts.slots, parts.database, "GET", record_path(request))

    @cached(ttl_s=settings.cache_ttl_s, sharing="public", tag=process_tag)
    async def read_process(request: Request) -> Response:
        path = process_path_of(request.state.record_key)
        return await forward(request, parts.slots, parts.microservice, "GET", path)

    reads = {DATA_PATH: _bounded(parts, read_data), PROCESS_PATH: _bounded(parts, read_process)}
    compression = parts.around.compression
    return reads if compression is None else {path: compression(read) for path, read in reads.items()}


def _bounded(parts: GatewayParts, handler: Handler) -> Handler:
    """Within the rate limit, if there is one, and what stands around all handlers."""
    return parts.around(handler if parts.rate_limiter is None else parts.rate_limiter(handler))


def record_routes(parts: GatewayParts, reads: Mapping[str, Handler]) -> Sequence[BaseRoute]:
    """Reads and writes of records, for who has a token."""
    read_data, read_process = (requires_token(takes_record_key(reads[path])) for path in (DATA_PATH, PROCESS_PATH))

    async def write_record(request: Request) -> Response:
        try:
            update = await read_document(request, RecordUpdate)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if isinstance(update, Refusal):
            return problem(request, update.status, update.detail)
        tags = tags_of_record(request.state.record_key)
        return await parts.writes.write(request, parts.database, record_path(request), update, tags)

    write_data = requires_token(scope=DATA_WRITE_SCOPE)(takes_record_key(_bounded(parts, write_record)))

    async def data(request: Request) -> Response:
        return await (write_data(request) if request.method == "PUT" else read_data(request))

    return [Route(DATA_PATH, data, methods=["GET", "PUT"]), Route(PROCESS_PATH, read_process)]


def health_route(settings: GatewaySettings) -> BaseRoute:
    """Whom one has reached."""
    identity = {"instance": settings.instance, "stack": stack_identity(settings.stack_nonce)}

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", **identity})

    return Route(HEALTH_PATH, health)


def description_route() -> BaseRoute:
    """The gateway's own routes, for machines."""
    description = api_description()

    async def openapi(_request: Request) -> Response:
        return JSONResponse(description)

    return Route(OPENAPI_PATH, openapi)


def record_tag(request: Request) -> str:
    """Of what is made from the record alone."""
    return f"record:{request.state.record_key}"


def process_tag(request: Request) -> str:
    """Of what is made from the record and those after it."""
    return f"process:{request.state.record_key}"


def record_path(request: Request) -> str:
    """The record at the database service."""
    return record_path_of(request.state.record_key)
