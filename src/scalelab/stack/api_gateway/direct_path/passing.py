"""One read under way that is only passed on: the service's answer is written in the callback that brings it.

A task is made only where something has to be waited for: a fresh connection, or an answer that is not plain.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog
from starlette.responses import Response

from scalelab.stack.api_gateway.direct_path.direct_reads import DirectReads
from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.direct_path.rendering import completed, rendered
from scalelab.stack.api_gateway.forwarding import as_response
from scalelab.stack.api_gateway.response_cache import passed_on
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, DetachedRequest
from scalelab.stack.service_kit.problems import answer_unexpected
from scalelab.stack.upstream import Call, UpstreamAnswer, UpstreamFault

if TYPE_CHECKING:
    from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol

_OK = 200


class PassingCycle:
    """Stands in the place of Uvicorn's cycle, as `DirectCycle` does; its token is verified."""

    def __init__(
        self, protocol: "DirectPathProtocol", reads: DirectReads, passage: Passage, scope: dict[str, Any], key: int
    ) -> None:
        """`scope`: what the books need to know, and whoever answers with a problem."""
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = self
        self._protocol = protocol
        self._reads = reads
        self._passage = passage
        self._scope = scope
        self._head = passage.head_of(key, scope["request_id"])
        self._call: Call | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Ask."""
        self._reads.records.begin()
        self._call = self._passage.upstream.call(self._head, self._ended)
        if self._call is None:
            self._spawn(self._ask_afresh())

    def set(self) -> None:
        """The server has news: if it is that the client has gone, the work ends."""
        if not self.disconnected or self.response_complete:
            return
        if self._call is not None:
            self._call.cancel()
            self._close_books(CLIENT_CLOSED_REQUEST)
        elif self._task is not None:
            self._task.cancel()

    def _ended(self, call: Call) -> None:
        self._call = None
        if call.fault is None and call.status == _OK:
            body = call.body
            head = self._passage.plain_head(call.fields, body)
            if head is not None:
                request_id = self._scope["request_id"].encode()
                self._write(_OK, completed(head, body, self._reads.instance, request_id, keep_alive=self.keep_alive))
                return
        if call.may_be_replayed:
            self._spawn(self._ask_afresh())
        elif call.fault is not None:
            self._spawn(self._tell(UpstreamFault("timeout" if call.is_expired else "broken", call.fault)))
        else:
            self._spawn(self._tell(UpstreamAnswer(call.status, call.headers, call.body)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = self._protocol.loop.create_task(work)
        self._protocol.tasks.add(self._task)
        self._task.add_done_callback(self._protocol.tasks.discard)

    async def _ask_afresh(self) -> None:
        try:
            outcome = await self._passage.upstream.request_afresh(self._head)
        except asyncio.CancelledError:
            self._give_up()
            raise
        await self._tell(outcome)

    async def _tell(self, outcome: UpstreamAnswer | UpstreamFault) -> None:
        """As the ordinary way does it, in one go."""
        structlog.contextvars.bind_contextvars(request_id=self._scope["request_id"])
        request = DetachedRequest.of(self._scope)
        try:
            response = passed_on(request, as_response(request, outcome))
            answer = self._rendered(response)
        except Exception as error:  # noqa: BLE001  as the framework does it: logged with its traceback, and a 500
            response = await answer_unexpected(request, error)
            answer = self._rendered(response)
        if self.disconnected:
            self._close_books(CLIENT_CLOSED_REQUEST)
        else:
            self._write(response.status_code, answer)

    def _rendered(self, response: Response) -> bytes:
        return rendered(response, self._reads.instance, self._scope["request_id"], keep_alive=self.keep_alive)

    def _give_up(self) -> None:
        if not self.disconnected:  # the server stops, and has waited long enough
            self._protocol.transport.close()
        self._close_books(CLIENT_CLOSED_REQUEST)

    def _write(self, status: int, answer: bytes) -> None:
        self._protocol.transport.write(answer)
        if not self.keep_alive:
            self._protocol.transport.close()
        self._close_books(status)

    def _close_books(self, status: int) -> None:
        self.response_complete = True
        self._reads.records.end(self._scope, status, time.perf_counter() - self._scope["began_s"])
        if not self.disconnected:
            self._protocol.on_response_complete()
