"""The limit as clients see it: through the gateway, by user and route, and when the counts are away."""

from types import SimpleNamespace

import pytest

from scalelab.stack.api_gateway.rate_limit import LocalRateCounts, RateLimiter, RateRule
from scalelab.stack.api_gateway.rate_limit.gcra import Standing
from scalelab.stack.api_gateway.rate_limit.limited import fields_of


class Counts:
    """Say what they are told to; None is a fault."""

    def __init__(self, *standings):
        self.standings = list(standings)
        self.names = []

    async def take(self, name):
        self.names.append(name)
        return self.standings.pop(0)

    async def aclose(self):
        self.is_closed = True


async def test_who_asks_too_often_is_told_when_to_come_back(build_lab):
    """Two at once are allowed; the third is 429, with everything a client needs to know."""
    lab = build_lab(rate_limit_per_s=1.0, rate_limit_burst=2)

    answers = [await lab.client.get("/data?key=1") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit"] for answer in answers] == ['"user";r=1;t=1', '"user";r=0;t=2', '"user";r=0;t=2']
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"user";q=2;w=2'}
    assert (answers[2]["Retry-After"], answers[2]["Content-Type"]) == ("1", "application/problem+json")
    assert lab.metric("scalelab_requests_limited_total") == 1
    assert lab.database.asked == ["GET /records/1"]


async def test_hits_count_too(build_lab):
    """Nothing is answered from memory past the count."""
    lab = build_lab(rate_limit_per_s=1.0, rate_limit_burst=3)

    statuses = [(await lab.client.get("/data?key=1")).status for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    assert lab.parts.hot_path.offers is None


async def test_each_route_has_its_own_count(build_lab):
    """A user who reads too often may still write."""
    lab = build_lab(rate_limit_per_s=1.0, rate_limit_burst=1)

    read, again, written = [
        await lab.client.get("/data?key=1"),
        await lab.client.get("/data?key=1"),
        await lab.client.put("/data?key=1", "new"),
    ]

    assert (read.status, again.status) == (200, 429)
    assert written.status != 429


async def test_who_is_nobody_is_not_counted(build_lab):
    """Without a token the answer is 401, before any count."""
    lab = build_lab(rate_limit_per_s=1.0, rate_limit_burst=1)
    lab.client.token = None

    answers = [await lab.client.get("/data?key=1") for _ in range(3)]

    assert [answer.status for answer in answers] == [401] * 3
    assert all(answer["RateLimit"] is None for answer in answers)


async def test_without_a_limit_nothing_is_said_of_one(lab):
    """No field, no metric, no cost."""
    answer = await lab.client.get("/data?key=1")

    assert answer["RateLimit"] is None
    assert lab.parts.rate_limiter is None


class Request:
    """As much of one as the limiter looks at."""

    def __init__(self):
        self.method = "GET"
        self.scope = {"path": "/data", "headers": [], "type": "http"}
        self.state = SimpleNamespace(subject="alice")


class Response:
    status_code = 200

    def __init__(self):
        self.headers = {}


async def handler(_request):
    return Response()


@pytest.mark.parametrize(
    ("policy", "statuses"), [("local", [200, 429]), ("accept", [200, 200]), ("refuse", [503, 503])]
)
async def test_while_the_shared_counts_are_away(policy, statuses):
    """F05: each gateway counts for itself, lets in without a count, or refuses; each such request is counted."""
    rule, unheard = RateRule(1.0, 1), []
    limiter = RateLimiter(
        rule,
        Counts(None, None),
        LocalRateCounts(rule, clock_s=lambda: 0.0),
        policy,
        on_unheard=lambda: unheard.append(policy),
    )

    responses = [await limiter(handler)(Request()) for _ in statuses]

    assert [response.status_code for response in responses] == statuses
    assert all(("RateLimit" in response.headers) == (policy == "local") for response in responses)
    assert len(unheard) == len(statuses)


async def test_the_name_is_the_users_and_the_routes():
    """Method, route and subject; the shared counts are closed with the gateway."""
    shared = Counts(Standing(True, 0, 0.0, 1.0))
    limiter = RateLimiter(RateRule(1.0, 1), shared, Counts(), "accept")

    await limiter(handler)(Request())
    await limiter.aclose()

    assert shared.names == ["GET /data alice"]
    assert shared.is_closed


def test_fields_are_whole_numbers():
    """Rounded up: who waits that long is let in."""
    fields = fields_of(RateRule(0.3, 5), Standing(True, 4, 0.0, 3.4))

    assert fields == {"RateLimit-Policy": '"user";q=5;w=17', "RateLimit": '"user";r=4;t=4'}
