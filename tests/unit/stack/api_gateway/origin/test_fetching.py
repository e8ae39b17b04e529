"""What reaches the origin of a request."""

import pytest

from scalelab.stack.api_gateway.origin.fetching import OriginFetcher
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.upstream import UpstreamAnswer


class Upstream:
    def __init__(self):
        self.sent = []

    async def request(self, _method, _url, *, headers, body):
        self.sent.append((headers, body))
        return UpstreamAnswer(200, (), b"")


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Host", "x-forwarded-proto", "Forwarded", "X-Original-URL", "X-Rewrite-Url", "Connection", "TE"],
)
async def test_what_is_in_no_key_reaches_no_origin(name):
    """C06: an origin that answers by it would poison the cache for all; and what is of one hop ends there."""
    upstream = Upstream()
    fetcher = OriginFetcher(upstream, clock_s=lambda: 0.0)

    await fetcher.fetch("GET", "/a", Fields([(name, "evil"), ("accept", "text/plain")]), None)

    headers, _ = upstream.sent[0]
    assert headers.only("accept") == "text/plain"
    assert headers.only(name.lower()) is None
