"""Both engines behind one face: sessions with a clock that is set by hand."""

from dataclasses import dataclass

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.sessions.memory import MemorySessionStore
from scalelab.stack.api_gateway.sessions.valkey import ValkeySessionStore

KEEP_REVOKED_S = 600.0
PATIENT_S = 5.0


@dataclass
class Clock:
    now_s: float = 1_700_000_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def valkey_store(valkey_socket, server, clock):
    client = redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True)
    store = ValkeySessionStore(client, KEEP_REVOKED_S, clock_s=clock, call_timeout_s=PATIENT_S)
    yield store
    await store.aclose()


@pytest.fixture
def memory_store(clock):
    return MemorySessionStore(clock)


@pytest.fixture(params=["memory", "valkey"])
def store(request):
    return request.getfixturevalue(f"{request.param}_store")
