"""A service that cannot start says so in one line, without a traceback."""

from contextlib import asynccontextmanager

import pytest

from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.service import build_service


def _service(settings, error):
    @asynccontextmanager
    async def resources():
        raise error
        yield

    return build_service(settings, [], metrics=ServiceMetrics(), resources=resources)


async def test_a_known_reason_is_logged_in_one_line(settings, started, log_lines):
    """The line has the reason; the server is told that the start failed, and nothing more."""
    app = _service(settings, CannotStartError("accounts_file: not there"))
    sent = []

    with pytest.raises(CannotStartError):
        async with started(app) as sent:
            pass

    assert sent == []
    assert [(line["event"], line["reason"]) for line in log_lines] == [("cannot_start", "accounts_file: not there")]


@pytest.mark.parametrize(
    ("error", "is_silent"), [(CannotStartError("known"), True), (RuntimeError("unknown"), False)]
)
async def test_only_a_known_reason_goes_without_traceback(settings, log_lines, error, is_silent):
    """A fault that nobody foresaw keeps its traceback."""
    app, sent = _service(settings, error), []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)

    with pytest.raises(type(error)):
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    (failed,) = sent
    assert failed["type"] == "lifespan.startup.failed"
    assert (failed["message"] == "") is is_silent
