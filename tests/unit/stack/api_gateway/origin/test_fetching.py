"""What reaches the origin of a request, and how much of its answer is held."""

import pytest

from scalelab.stack.api_gateway.origin.fetching import OriginFetcher
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.upstream import StreamedAnswer, UpstreamFault
from scalelab.stack.upstream.values import BrokenBodyError


class Pieces:
    """A body that follows a script; an exception in it is raised."""

    def __init__(self, *pieces):
        self.left = list(pieces)
        self.is_closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        piece = self.left.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def aclose(self):
        self.is_closed = True


class Origin:
    def __init__(self, *pieces, status=200, headers=()):
        self.sent = []
        self.body = Pieces(*pieces)
        self.answer = StreamedAnswer(status, headers, self.body)

    async def stream(self, _method, _url, *, headers):
        self.sent.append(headers)
        return self.answer


def fetcher(origin, **options):
    return OriginFetcher(origin, clock_s=lambda: 0.0, **options)


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Host", "x-forwarded-proto", "Forwarded", "X-Original-URL", "X-Rewrite-Url", "Connection", "TE"],
)
async def test_what_is_in_no_key_reaches_no_origin(name):
    """C06: an origin that answers by it would poison the cache for all; and what is of one hop ends there."""
    origin = Origin()

    await fetcher(origin).fetch("GET", "/a", Fields([(name, "evil"), ("accept", "text/plain")]))

    assert origin.sent[0].only("accept") == "text/plain"
    assert origin.sent[0].only(name.lower()) is None


@pytest.mark.parametrize(
    ("pieces", "headers"),
    [((b"123", b"45"), ()), ((b"1",), (("Content-Length", "5"),))],
    ids=["counted", "announced"],
)
async def test_an_answer_beyond_the_bound_is_not_held(pieces, headers):
    """Told apart from other faults, so that it can be passed on; its connection is let go."""
    origin = Origin(*pieces, headers=headers)

    outcome = await fetcher(origin, max_held_bytes=4).fetch("GET", "/a", Fields())

    assert isinstance(outcome, UpstreamFault)
    assert outcome.kind == "too_large"
    assert origin.body.is_closed


async def test_a_head_announces_a_length_that_nobody_holds():
    """HEAD, and 304: the length is that of the body that does not come."""
    origin = Origin(headers=(("Content-Length", "5"),))

    outcome = await fetcher(origin, max_held_bytes=4).fetch("HEAD", "/a", Fields())

    assert (outcome.status, outcome.body) == (200, b"")


async def test_an_answer_that_breaks_off_is_a_fault():
    """No half answer is ever kept."""
    origin = Origin(b"12", BrokenBodyError("gone"))

    assert await fetcher(origin).fetch("GET", "/a", Fields()) == UpstreamFault("broken", "gone")
    assert origin.body.is_closed


@pytest.mark.parametrize(("status", "lifetime_s"), [(200, 30.0), (404, None), (500, None)])
async def test_the_default_lifetime_is_for_good_answers(status, lifetime_s):
    """An error is nothing to keep unless its origin says so."""
    outcome = await fetcher(Origin(status=status), default_lifetime_s=30.0).fetch("GET", "/a", Fields())

    assert outcome.default_lifetime_s == lifetime_s
