"""Records from a real HTTP server that behaves, and from one that does not."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from scalelab.contracts.records import record_checksum
from scalelab.stack.upstream import UpstreamClient
from scalelab.stack.worker.record_source import RecordSource, SourceFault


def record(key, value="v"):
    return {"key": key, "version": 1, "value": value, "checksum": record_checksum(key, 1, value)}


async def fetched(answer, timeout_s=5.0):
    """What the source makes of the answer to `first_key=3&count=2`."""
    asked = []

    async def handle(request):
        asked.append(str(request.rel_url))
        return answer()

    app = web.Application()
    app.router.add_get("/records", handle)
    async with TestServer(app) as server, UpstreamClient(str(server.make_url("")), timeout_s) as client:
        return await RecordSource(client).fetch(3, 2), asked


async def test_records_are_asked_for_as_the_contract_says():
    """First key and count; the records come back as they are."""
    records, asked = await fetched(lambda: web.json_response({"records": [record(3), record(4)]}))

    assert asked == ["/records?first_key=3&count=2"]
    assert [found.key for found in records] == [3, 4]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (lambda: web.Response(status=503), "database service: status 503"),
        (lambda: web.Response(text="<html>"), "database service: answer not understood"),
        (lambda: web.json_response({"records": [{"key": 3}]}), "database service: answer not understood"),
        (
            lambda: web.json_response({"records": [record(3), record(4) | {"value": "w"}]}),
            "database service: record 4 is torn",
        ),
    ],
)
async def test_what_cannot_be_believed_is_a_fault(answer, detail):
    """With a sentence for the task's owner."""
    result, _ = await fetched(answer)

    assert result == SourceFault(detail)


async def test_a_service_that_is_not_there_is_a_fault():
    """Not an exception."""
    async with UpstreamClient("http://127.0.0.1:1", 1.0) as client:
        result = await RecordSource(client).fetch(1, 1)

    assert result == SourceFault("database service: unreachable")
