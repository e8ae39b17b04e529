"""A service put together: health, problems and resources around its own routes."""

from contextlib import asynccontextmanager

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from scalelab.contracts.stack_identity import stack_identity
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.service import build_service


async def _greet(_request):
    return PlainTextResponse("hello")


async def _fail(_request):
    raise RuntimeError("secret detail")


@pytest.fixture
def app(settings):
    return build_service(settings, [Route("/greet", _greet), Route("/fail", _fail)], metrics=ServiceMetrics())


async def test_ready_only_while_resources_are_open(settings, ask, started):
    """Resources open before the first request; ready turns to 503 before they close."""
    events = []

    @asynccontextmanager
    async def resources():
        events.append(("opening", (await ask(app, "GET", "/health/ready")).status))
        yield
        events.append(("closing", (await ask(app, "GET", "/health/ready")).document["status"]))

    app = build_service(settings, [], metrics=ServiceMetrics(), resources=resources)

    async with started(app):
        events.append(("open", (await ask(app, "GET", "/health/ready")).status))

    assert events == [("opening", 503), ("open", 200), ("closing", "stopping")]


async def test_live_names_this_process(app, ask):
    """Alive, which instance, which stack; needs no resources."""
    answer = await ask(app, "GET", "/health/live")

    assert answer.status == 200
    assert answer.document == {"status": "ok", "instance": "database-1", "stack": stack_identity("nonce-1")}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/none", 404), ("POST", "/greet", 405)])
async def test_refusals_are_problems_with_the_requests_id(app, ask, method, path, status):
    """404 and 405 come in our form."""
    answer = await ask(app, method, path, headers={"X-Request-Id": "r-9"})

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["request_id"] == "r-9"


async def test_a_wrong_method_names_the_right_ones(app, ask):
    """405 has Allow."""
    answer = await ask(app, "DELETE", "/greet")

    assert {method.strip() for method in answer.headers["allow"].split(",")} == {"GET", "HEAD"}
