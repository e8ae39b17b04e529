"""A scripted database service on loopback, and the microservice's settings towards it."""

import pytest
import structlog
from aiohttp import web

from scalelab.contracts.records import Record, record_checksum
from scalelab.contracts.service_settings import MicroserviceSettings
from scalelab.contracts.topology import Delay


@pytest.fixture(scope="session")
def make_record():
    """A whole record."""

    def make(key, value="some words to count", version=1):
        return Record(key=key, version=version, value=value, checksum=record_checksum(key, version, value))

    return make


@pytest.fixture
async def database():
    """A database service that answers what the test puts into `reply`, an aiohttp handler, and notes its requests."""

    class Database:
        url = ""

        def __init__(self):
            self.requests = []

        async def reply(self, request):
            raise NotImplementedError

        async def handle(self, request):
            self.requests.append(request.raw_path)
            return await self.reply(request)

    scripted = Database()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", scripted.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def settings(database):
    return MicroserviceSettings(
        instance="microservice-1",
        stack_nonce="nonce-1",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        database_url=database.url,
        service_time=Delay(),
        upstream_timeout_s=5.0,
    )


@pytest.fixture
def log_lines():
    """The structured log lines that the test causes, as dictionaries."""
    with structlog.testing.capture_logs() as lines:
        yield lines
