"""Opens either side of the task queue as a service's settings say, and closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from scalelab.contracts.service_settings import GatewaySettings, WorkerSettings
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.task_queue.absent import AbsentTaskQueue
from scalelab.stack.task_queue.base import TaskQueue
from scalelab.stack.task_queue.valkey import CALL_TIMEOUT_S, ValkeyTaskQueue

MEMORY_URL = "memory:"
MAX_OPEN_TASKS = 1000
"""Unfinished tasks, beyond which a new one is refused."""
_CONNECTIONS = 32


@asynccontextmanager
async def open_task_queue(settings: GatewaySettings) -> AsyncIterator[TaskQueue]:
    """The client's side for a gateway. Connects when first used; `memory:` means a queue that is never there.

    Raises:
        CannotStartError: `queue_url` or `cache_password_file` cannot be used.
    """
    if settings.queue_url == MEMORY_URL:
        yield AbsentTaskQueue()
        return
    async with _client(settings.queue_url, settings.cache_password_file) as client:
        yield ValkeyTaskQueue(client, settings.task_result_ttl_s, MAX_OPEN_TASKS)


@asynccontextmanager
async def open_task_desk(settings: WorkerSettings) -> AsyncIterator[ValkeyTaskQueue]:
    """Both sides for a worker. Connects when first used.

    Raises:
        CannotStartError: `queue_url` or `cache_password_file` cannot be used.
    """
    async with _client(settings.queue_url, settings.cache_password_file) as client:
        yield ValkeyTaskQueue(client, settings.result_ttl_s, MAX_OPEN_TASKS)


def read_password(file: Path | None) -> str | None:
    """The secret in a password file; None when there is no file.

    Raises:
        CannotStartError: the file cannot be read.
    """
    try:
        return None if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStartError(f"cache_password_file = {file} cannot be read: {error}") from error


@asynccontextmanager
async def _client(url: str, password_file: Path | None) -> AsyncIterator["redis.asyncio.Redis"]:
    secret = read_password(password_file)
    try:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            **({} if secret is None else {"password": secret}),
            decode_responses=True,
            max_connections=_CONNECTIONS,
            timeout=CALL_TIMEOUT_S,
            socket_timeout=CALL_TIMEOUT_S,
            socket_connect_timeout=CALL_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # a submission must not be sent twice behind the caller's back
        )
    except ValueError as error:
        raise CannotStartError(f"queue_url is neither unix:///path nor redis://host:port/0: {error}") from error
    client = redis.asyncio.Redis.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()
