"""Both engines behind one face."""

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.breaker_boards import MemoryBreakerBoard, SharedBreakerBoard
from scalelab.stack.resilience import BoardRule

RULE = BoardRule(open_s=0.3, probes=2)
PATIENT_S = 5.0


@pytest.fixture(params=["memory", "valkey"])
async def board(request):
    """Each engine in turn, without any record."""
    if request.param == "memory":
        yield MemoryBreakerBoard(RULE)
        return
    request.getfixturevalue("server")
    path = request.getfixturevalue("valkey_socket")
    client = redis.asyncio.Redis(unix_socket_path=str(path), decode_responses=True)
    engine = SharedBreakerBoard(client, RULE, call_timeout_s=PATIENT_S)
    yield engine
    await engine.aclose()
