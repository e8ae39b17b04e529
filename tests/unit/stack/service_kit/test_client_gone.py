"""A client that has gone stops its work; anything else that cancels is left alone."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from scalelab.stack.service_kit.client_gone import answer_unless_gone


def _request(*messages, then_gone=None):
    inbox = list(messages)

    async def receive():
        if inbox:
            return inbox.pop(0)
        await (then_gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "GET", "headers": []}, receive)


_EMPTY_BODY = {"type": "http.request", "body": b"", "more_body": False}


async def test_the_answer_of_a_client_that_stays_is_passed_on():
    """Finished work is the answer."""
    request = _request(_EMPTY_BODY)

    async def work():
        return PlainTextResponse("done")

    response = await answer_unless_gone(request, work())

    assert response.body == b"done"


async def test_a_disconnect_cancels_the_work():
    """The work sees the cancellation, and 499 is what stands in the log."""
    gone, was_cancelled = asyncio.Event(), asyncio.Event()
    request = _request(_EMPTY_BODY, then_gone=gone)

    async def work():
        gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    response = await answer_unless_gone(request, work())

    assert response.status_code == 499
    assert was_cancelled.is_set()


async def test_a_cancellation_from_outside_goes_through():
    """A stop of the server is no disconnect: the cancellation is not swallowed."""
    begun = asyncio.Event()

    async def work():
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(answer_unless_gone(_request(_EMPTY_BODY), work()))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_goes_through():
    """A fault of ours is not hidden."""

    async def work():
        raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        await answer_unless_gone(_request(_EMPTY_BODY), work())
