"""Spans of requests, and what a service is told of them."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from scalelab.stack.api_gateway.traces import Traces
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


class Service:
    """Answers what it was told to; remembers what it was sent."""

    def __init__(self, outcome):
        self.outcome, self.headers = outcome, []

    async def request(self, _method, _path, *, headers=None, **_body):
        self.headers.append(dict(headers))
        return self.outcome

    async def stream(self, _method, _path, *, headers=(), **_body):
        self.headers.append(list(headers))
        return self.outcome

    async def aclose(self):
        self.headers.append("closed")


def traceparent_of(span):
    context = span.context
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


class Route:
    path = "/data"


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
def traces(spans):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Traces(provider)


@pytest.fixture
def ask(traces):
    """One request to a gateway that asks a service."""

    async def asked(service, *, method="GET", path="/data", status=200, headers=()):
        async def app(scope, _receive, send):
            scope["route"], scope["request_id"] = Route, "id-1"
            await traces.asks(service, "database").request("GET", "/records/1?x=1", headers={"accept": "a/b"})
            fields = [(b"x-cache", b"MISS")]
            await send({"type": "http.response.start", "status": status, "headers": fields})
            await send({"type": "http.response.body", "body": b""})

        async def send(_message):
            pass

        raw = [(name.encode(), value.encode()) for name, value in headers]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": "http",
            "headers": raw,
            "query_string": b"key=1",
        }
        await traces.around(app)(scope, None, send)

    return asked


async def test_a_request_and_its_question_are_one_trace(ask, spans):
    """The question lies inside the request, and the service hears of the question."""
    service = Service(UpstreamAnswer(200, (), b""))

    await ask(service)

    question, request = spans.get_finished_spans()
    assert (request.name, request.kind, request.parent) == ("GET /data", SpanKind.SERVER, None)
    assert dict(request.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/data",
        "scalelab.cache": "MISS",
        "scalelab.request_id": "id-1",
        "url.path": "/data",
        "url.scheme": "http",
    }
    assert (question.name, question.kind) == ("GET database", SpanKind.CLIENT)
    assert question.parent.span_id == request.context.span_id
    assert service.headers == [{"accept": "a/b", "traceparent": traceparent_of(question)}]


async def test_the_callers_trace_goes_on(ask, spans):
    """With its state; what is no trace begins a new one."""
    service = Service(UpstreamAnswer(200, (), b""))

    await ask(service, headers=[("traceparent", TRACEPARENT), ("tracestate", "a=1")])
    await ask(service, headers=[("traceparent", "00-nonsense")])

    _, first, _, second = spans.get_finished_spans()
    assert (f"{first.context.trace_id:032x}", f"{first.parent.span_id:016x}") == (TRACE, CALLER)
    assert service.headers[0]["tracestate"] == "a=1"
    assert service.headers[0]["traceparent"].split("-")[1] == TRACE
    assert (second.parent, f"{second.context.trace_id:032x}" == TRACE) == (None, False)


async def test_faults_are_errors(ask, spans):
    """Of the service, with their kind; and of the gateway, with their status."""
    await ask(Service(UpstreamFault("timeout", "too late")), status=504)

    question, request = spans.get_finished_spans()
    assert (question.status.status_code, question.attributes["error.type"]) == (StatusCode.ERROR, "timeout")
    assert (request.status.status_code, request.attributes["error.type"]) == (StatusCode.ERROR, "504")


async def test_a_stream_has_a_span_and_replaces_what_its_client_said(traces, spans):
    """A service in front of which a gateway stands hears of the gateway's span alone."""
    service = Service(UpstreamFault("broken", "cut"))
    client = traces.streams(service, "shop:80")

    await client.stream("POST", "/x", headers=[("TraceParent", TRACEPARENT), ("a", "b")])
    await client.aclose()

    (span,) = spans.get_finished_spans()
    sent, closed = service.headers
    assert span.name == "POST shop:80"
    assert sent == [("a", "b"), ("traceparent", traceparent_of(span))]
    assert closed == "closed"


@pytest.mark.parametrize(
    ("method", "path", "names"), [("GET", "/health/ready", []), ("BREW", "/data", ["_OTHER /data"])]
)
async def test_checks_have_no_span_and_methods_stay_few(ask, spans, method, path, names):
    """A balancer asks four times a second; a client may invent any method."""
    await ask(Service(UpstreamAnswer(200, (), b"")), method=method, path=path)

    assert [span.name for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER] == names


def test_without_the_extra_there_is_a_gateway_and_a_reason():
    """It is imported only when an endpoint is given; then one line says what to install."""
    code = """
import sys
from types import SimpleNamespace
sys.modules["opentelemetry"] = None
from scalelab.stack.api_gateway.gateway_parts import CannotStartError, _traces
assert _traces(SimpleNamespace(traces_endpoint="")) is None
try:
    _traces(SimpleNamespace(traces_endpoint="http://c/v1/traces"))
except CannotStartError as error:
    print(error)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.count("\n") == 1
    assert "traces_endpoint = 'http://c/v1/traces'" in done.stdout
    assert "pip install 'scalelab[otel]'" in done.stdout
