"""One read under way on a connection: run by a task of its own, written in one piece, ended when the client goes."""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from starlette.responses import Response

from scalelab.stack.api_gateway.direct_path.direct_reads import DirectReads
from scalelab.stack.api_gateway.direct_path.rendering import rendered
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, DetachedRequest
from scalelab.stack.service_kit.problems import answer_unexpected

if TYPE_CHECKING:
    from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol


class DirectCycle:
    """Stands in the place of Uvicorn's cycle: the server asks it whether it is done, and tells it to be the last."""

    def __init__(self, protocol: "DirectPathProtocol", reads: DirectReads, request: DetachedRequest) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = self
        self._protocol = protocol
        self._reads = reads
        self._request = request
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run; the server waits for it when it stops."""
        tasks = self._protocol.tasks
        self._task = self._protocol.loop.create_task(self._run())
        tasks.add(self._task)
        self._task.add_done_callback(tasks.discard)

    def set(self) -> None:
        """The server has news: if it is that the client has gone, the work ends."""
        if self.disconnected and not self.response_complete and self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        request, records = self._request, self._reads.records
        structlog.contextvars.bind_contextvars(request_id=request.scope["request_id"])
        status = CLIENT_CLOSED_REQUEST
        records.begin()
        try:
            status, answer = await self._answer()
            if self.disconnected:
                status = CLIENT_CLOSED_REQUEST
            else:
                self._write(answer)
        except asyncio.CancelledError:
            if not self.disconnected:  # the server stops, and has waited long enough
                self._protocol.transport.close()
                raise
        finally:
            self.response_complete = True
            records.end(request.scope, status, time.perf_counter() - request.scope["began_s"])
            if not self.disconnected:
                self._protocol.on_response_complete()

    async def _answer(self) -> tuple[int, bytes]:
        """Status, and all bytes of the answer."""
        request = self._request
        try:
            response = await self._reads.handlers[request.scope["path"]](request)
            return response.status_code, self._rendered(response)
        except Exception as error:  # noqa: BLE001  as the framework does it: logged with its traceback, and a 500
            response = await answer_unexpected(request, error)
            return response.status_code, self._rendered(response)

    def _rendered(self, response: Response) -> bytes:
        request_id = self._request.scope["request_id"]
        return rendered(response, self._reads.instance, request_id, keep_alive=self.keep_alive)

    def _write(self, answer: bytes) -> None:
        self._protocol.transport.write(answer)
        if not self.keep_alive:
            self._protocol.transport.close()
