"""Asked again and again, on a clock that the test does not wait for."""

import asyncio

import pytest

from scalelab.stack.load_balancer import waiting


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """How long was waited, each time; no time passes."""
    paused = []

    async def pause(duration_s):
        paused.append(duration_s)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return paused


def answering(*answers):
    """A condition that gives these answers, one after the other."""
    told = iter(answers)

    async def is_met():
        return next(told)

    return is_met


async def test_what_is_met_at_once_is_not_waited_for(pauses):
    """Not even without any time."""
    assert await waiting.until(answering(True), 0.0)
    assert pauses == []


async def test_it_is_asked_until_it_is_met(pauses):
    """With a pause behind each no."""
    assert await waiting.until(answering(False, False, True), 60.0)
    assert len(pauses) == 2


async def test_the_time_is_a_limit():
    """And the answer says that it was over."""
    assert not await waiting.until(answering(*[False] * 10), -1.0)


async def test_one_look_is_not_idle(pauses):
    """Three in a row are; a request in between begins the count anew."""
    await waiting.until_idle(answering(True, True, False, True, True, True))

    assert len(pauses) == 6
