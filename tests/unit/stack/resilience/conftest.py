"""A service that follows a script."""

import asyncio

import pytest

from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

OK = UpstreamAnswer(200, (), b"ok")
BUSY = UpstreamAnswer(503, (), b"")
FAULT = UpstreamFault("timeout", "late")


class Scripted:
    """Each request takes the next (latency in turns of the test's clock, outcome) of the script."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked, self.cancelled = [], 0
        self.gates = []

    async def request(self, method, path_and_query, *, headers=None, body=None):
        self.asked.append((method, path_and_query, headers, body))
        outcome = self.script.pop(0)
        if not isinstance(outcome, asyncio.Future):
            return outcome
        try:
            return await outcome
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture
def scripted():
    return Scripted


@pytest.fixture
def ok():
    return OK


@pytest.fixture
def busy():
    return BUSY


@pytest.fixture
def fault():
    return FAULT
