"""One read under way on a connection: run by a task of its own, written in one piece, ended when the client goes."""

import asyncio
import re
import time
from typing import TYPE_CHECKING

import structlog
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from scalelab.contracts.http_names import INSTANCE_HEADER, REQUEST_ID_HEADER
from scalelab.stack.api_gateway.direct_path.direct_reads import DirectReads
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, DetachedRequest
from scalelab.stack.service_kit.problems import answer_unexpected
from scalelab.stack.service_kit.request_context import date_of

if TYPE_CHECKING:
    from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol

_ID_NAME, _INSTANCE_NAME = REQUEST_ID_HEADER.lower().encode(), INSTANCE_HEADER.lower().encode()
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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

    def start(self, loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[None]]) -> None:
        """Run; `tasks` are those that the server waits for when it stops."""
        self._task = loop.create_task(self._run())
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
        """The same bytes as the ordinary path writes."""
        fields = b"".join([b"%b: %b\r\n" % field for field in response.raw_headers])
        if _CONTROLS.search(fields) or fields.count(b"\r") + fields.count(b"\n") != 2 * len(response.raw_headers):
            raise ValueError("a field with a control character")
        return b"%b%bdate: %b\r\n%b: %b\r\n%b: %b\r\n%b\r\n%b" % (
            STATUS_LINE[response.status_code],
            fields,
            date_of(int(time.time())),
            _ID_NAME,
            self._request.scope["request_id"].encode(),
            _INSTANCE_NAME,
            self._reads.instance,
            b"" if self.keep_alive else b"connection: close\r\n",
            bytes(response.body),
        )

    def _write(self, answer: bytes) -> None:
        self._protocol.transport.write(answer)
        if not self.keep_alive:
            self._protocol.transport.close()
