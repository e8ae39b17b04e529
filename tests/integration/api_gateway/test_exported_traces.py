"""Traces as a collector receives them: OTLP over HTTP, decoded by OpenTelemetry's own messages."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

pytestmark = pytest.mark.integration
SAMPLED = 1
"""Of the flags of `traceparent`."""
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Keeps every span that it is sent, with the attributes of who sent it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _CollectorHandler)
        self.received = []
        self.endpoint = f"http://127.0.0.1:{self.server_port}/v1/traces"

    def take(self, body):
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            sender = _attributes(group.resource.attributes)
            self.received += [(sender, span) for scope in group.scope_spans for span in scope.spans]

    def spans(self, kind):
        return [span for _, span in self.received if span.kind == kind]


class _CollectorHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Collector

    def do_POST(self):
        assert self.path == "/v1/traces"
        assert self.headers["Content-Type"] == "application/x-protobuf"
        self.server.take(self.rfile.read(int(self.headers["Content-Length"])))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_what):
        """Says nothing."""


def _attributes(pairs):
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in pairs}


@pytest.fixture
def collector():
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_callers_trace_passes_through(start_gateway, services, collector):
    """Over the gateway to the service; an answer from the cache asks nobody. All is sent at the latest at the end."""
    gateway = start_gateway(traces_endpoint=collector.endpoint)
    gateway.login()
    before = len(services.traceparents)
    header = [("traceparent", f"00-{TRACE}-{CALLER}-01")]

    for _ in range(3):
        status, _, _ = gateway.ask("GET", "/data?key=7", headers=header)
        assert status == 200
    assert gateway.stop() == 0

    answered = [span for span in collector.spans(Span.SPAN_KIND_SERVER) if span.name == "GET /data"]
    asked = [span for span in collector.spans(Span.SPAN_KIND_CLIENT) if span.trace_id.hex() == TRACE]
    assert [span.parent_span_id.hex() for span in answered] == [CALLER] * 3
    assert [_attributes(span.attributes)["scalelab.cache"] for span in answered] == ["MISS", "HIT", "HIT"]
    assert [span.parent_span_id for span in asked] == [answered[0].span_id]
    assert services.traceparents[before:] == [f"00-{TRACE}-{asked[0].span_id.hex()}-01"]
    sender = collector.received[0][0]
    assert (sender["service.name"], sender["service.instance.id"]) == ("api_gateway", "api_gateway-1")
    assert "key" not in str([_attributes(span.attributes)["url.path"] for span in answered])


def test_what_is_not_sampled_is_not_sent_but_passed_on(start_gateway, services, collector):
    """The service hears that it need not trace, either; a caller who does is followed."""
    gateway = start_gateway(traces_endpoint=collector.endpoint, traces_sample_ratio=0.0)
    gateway.login()

    gateway.ask("GET", "/data?key=8")
    gateway.ask("GET", "/data?key=9", headers=[("traceparent", f"00-{TRACE}-{CALLER}-01")])
    assert gateway.stop() == 0

    flags = [int(heard.rpartition("-")[2], 16) for heard in services.traceparents[-2:]]
    assert [one & SAMPLED for one in flags] == [0, SAMPLED]
    assert {span.trace_id.hex() for _, span in collector.received} == {TRACE}


def test_a_collector_that_is_away_costs_no_request(start_gateway, services, collector):
    """Answers come as ever, and the gateway ends in time."""
    collector.server_close()
    gateway = start_gateway(traces_endpoint=collector.endpoint)
    gateway.login()

    statuses = [gateway.ask("GET", f"/data?key={key}")[0] for key in range(20, 30)]

    assert statuses == [200] * 10
    assert gateway.stop() == 0
