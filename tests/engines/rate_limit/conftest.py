"""Both engines behind one face."""

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.rate_limit import LocalRateCounts, RateRule, SharedRateCounts

RULE = RateRule(rate_per_s=2.0, burst=3)
PATIENT_S = 5.0


@pytest.fixture(params=["local", "shared"])
async def counts(request):
    """Each engine in turn, without any count."""
    if request.param == "local":
        yield LocalRateCounts(RULE)
        return
    request.getfixturevalue("server")
    path = request.getfixturevalue("valkey_socket")
    client = redis.asyncio.Redis(unix_socket_path=str(path), decode_responses=True)
    engine = SharedRateCounts(client, RULE, call_timeout_s=PATIENT_S)
    yield engine
    await engine.aclose()
