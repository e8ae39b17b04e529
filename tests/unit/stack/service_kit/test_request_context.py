"""The outermost layer: one id for each request, one count, one duration, one line."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestContext

_SHARED_ANSWER = PlainTextResponse("shared", headers={"X-Request-Id": "upstream's"})


async def _greet(request):
    return PlainTextResponse(structlog.contextvars.get_contextvars()["request_id"])


async def _shared(_request):
    return _SHARED_ANSWER


async def _fail(_request):
    raise RuntimeError("ours")


@pytest.fixture
def metrics():
    return ServiceMetrics()


@pytest.fixture
def app(metrics):
    routes = [Route("/greet/{name}", _greet), Route("/shared", _shared), Route("/fail", _fail)]
    return RequestContext(Starlette(routes=routes), metrics, access_sample_ratio=1.0)


def _count(metrics, **labels):
    return metrics.registry.get_sample_value("scalelab_requests_total", labels)


async def test_a_harmless_id_of_the_caller_is_kept(app, ask):
    """The id travels: in the log context of the handler and back in the answer."""
    answer = await ask(app, "GET", "/greet/ada", headers={"X-Request-Id": "abc.DEF-1_2"})

    assert answer.headers["x-request-id"] == "abc.DEF-1_2"
    assert answer.body == b"abc.DEF-1_2"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "\t", "a/b", "ä"])
async def test_any_other_id_is_replaced(app, ask, given):
    """An id that is no short token is not let into headers and logs."""
    answer = await ask(app, "GET", "/greet/ada", headers={"X-Request-Id": given})

    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_processes_that_were_forked_from_one_count_from_places_of_their_own():
    """A worker that is started again gives no id a second time."""
    script = (
        "import os; from scalelab.stack.service_kit.request_context import next_request_id\n"
        "is_child = os.fork() == 0\n"
        "is_child or os.wait()\n"
        "print(next_request_id().decode(), next_request_id().decode(), flush=True)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert len(set(said)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", request_id) for request_id in said)


async def test_an_answer_that_is_used_again_gets_each_requests_own_id(app, ask):
    """A shared answer carries exactly one id, that of the request in hand."""
    first = await ask(app, "GET", "/shared", headers={"X-Request-Id": "first"})
    second = await ask(app, "GET", "/shared", headers={"X-Request-Id": "second"})

    assert (first.headers["x-request-id"], second.headers["x-request-id"]) == ("first", "second")
    assert _SHARED_ANSWER.headers.getlist("x-request-id") == ["upstream's"]


async def test_requests_are_counted_by_route_template(app, ask, metrics):
    """Two names, one route: the label is the template, so labels stay few."""
    await ask(app, "GET", "/greet/ada")
    await ask(app, "GET", "/greet/grace")

    assert _count(metrics, route="/greet/{name}", method="GET", status="200") == 2


async def test_unknown_paths_share_one_label(app, ask, metrics):
    """A scan of a thousand paths makes one series."""
    for path in ("/a", "/b"):
        await ask(app, "GET", path)

    assert _count(metrics, route="unmatched", method="any", status="404") == 2


async def test_methods_that_nobody_knows_share_one_label(ask, metrics):
    """F07: a client may invent as many as it likes."""

    async def take_anything(scope, receive, send):
        scope["route"] = SimpleNamespace(path="/items/{item}")
        await PlainTextResponse("", 405)(scope, receive, send)

    app = RequestContext(take_anything, metrics, access_sample_ratio=0.0)
    for number in range(50):
        await ask(app, f"X{number}", "/items/7")

    assert _count(metrics, method="other", route="/items/{item}", status="405") == 50
    assert b"X1" not in metrics.exposition()


async def test_nothing_is_in_flight_after_a_fault(app, ask, metrics, log_lines):
    """A handler that raises leaves the books balanced and is counted as 500."""
    with pytest.raises(RuntimeError, match="ours"):
        await ask(app, "GET", "/fail")

    assert metrics.registry.get_sample_value("scalelab_requests_in_flight") == 0
    assert _count(metrics, route="/fail", method="GET", status="500") == 1


async def test_a_request_that_ended_without_an_answer_is_no_fault_of_ours(ask, metrics):
    """No answer was begun: 499."""

    async def silent(scope, receive, send):
        scope["route"] = Route("/silent", _greet)

    with pytest.raises(IndexError):  # `ask` finds no answer
        await ask(RequestContext(silent, metrics, 0), "GET", "/silent")

    assert _count(metrics, route="/silent", method="GET", status="499") == 1


@pytest.mark.parametrize(("ratio", "lines"), [(1.0, 1), (0.0, 0)])
async def test_the_access_line_is_sampled(ask, metrics, log_lines, ratio, lines):
    """All lines at ratio 1, none at 0; a line says what was asked and what came of it."""
    app = RequestContext(Starlette(routes=[Route("/greet/{name}", _greet)]), metrics, ratio)

    await ask(app, "GET", "/greet/ada")

    assert [(line["event"], line["path"], line["status"]) for line in log_lines] == (
        [("request", "/greet/ada", 200)] * lines
    )


async def test_a_server_fault_is_always_logged(ask, metrics, log_lines):
    """Status 503 has its line, however small the sample."""

    async def unavailable(_request):
        return PlainTextResponse("", 503)

    app = RequestContext(Starlette(routes=[Route("/", unavailable)]), metrics, 0.0)

    await ask(app, "GET", "/")

    assert [line["status"] for line in log_lines] == [503]


async def test_other_scopes_pass_untouched(metrics):
    """A lifespan is not counted."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await RequestContext(app, metrics, 1.0)({"type": "lifespan"}, None, None)

    assert seen == ["lifespan"]
