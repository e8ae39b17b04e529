"""One read under way that is only passed on: the service's answer is written in the callback that brings it.

Most of what it needs was found out before: who asks (`KnownClients`), whether the token counts (`Bearer`), what is
sent (`Passage`), what becomes of the answer's fields (`PlainHeads`). It holds that

- the service is asked once, and once more only where `Exchange.may_be_replayed` says so;
- an answer is taken as it comes only when its head is plain and the body as long as the head says: nothing is cut
  off, and nothing follows; all else is parsed;
- the connection is free again, or given up, before the client has its answer; nobody else had it meanwhile;
- the books are closed once.

A task is made only where something has to be waited for: a fresh connection, or an answer that is not plain.
"""

import asyncio
from collections.abc import Coroutine
from time import time
from typing import TYPE_CHECKING, Any, Self

import structlog
from starlette.responses import Response

from scalelab.stack.api_gateway.direct_path.direct_reads import DirectReads
from scalelab.stack.api_gateway.direct_path.known_client import KnownClient, Target
from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.direct_path.rendering import BEFORE_ID, rendered
from scalelab.stack.api_gateway.forwarding import as_response
from scalelab.stack.api_gateway.response_cache import passed_on
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, DetachedRequest
from scalelab.stack.service_kit.logs import write_access_line
from scalelab.stack.service_kit.problems import answer_unexpected
from scalelab.stack.service_kit.request_context import date_of
from scalelab.stack.upstream import Call, Exchange, UpstreamAnswer, UpstreamFault

if TYPE_CHECKING:
    from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol

_OK = 200
_HEAD_END = b"\r\n\r\n"


class PassingCycle:
    """Stands in the place of Uvicorn's cycle, as `DirectCycle` does; its token is verified."""

    response_complete = False
    disconnected = False
    keep_alive = True
    _call: Call | None = None
    _task: asyncio.Task[None] | None = None

    def __init__(
        self,
        protocol: "DirectPathProtocol",
        reads: DirectReads,
        passage: Passage,
        target: Target,
        client: KnownClient,
        request_id: bytes,
        began_s: float,
    ) -> None:
        """`began_s`: on the clock of `reads`."""
        self._protocol = protocol
        self._reads = reads
        self._passage = passage
        self._target = target
        self._client = client
        self._request_id = request_id
        self._began_s = began_s

    @property
    def message_event(self) -> Self:
        """What the server sets when it has news."""
        return self

    def start(self) -> None:
        """Ask."""
        self._reads.records.begin()
        passage = self._passage
        self._call = passage.upstream.call(passage.head_of(self._target.key, self._request_id), self)
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

    def takes(self, data: bytes) -> bool:
        """See `Asker`: a plain answer is written at once."""
        call = self._call
        head, end, body = data.partition(_HEAD_END)
        plain = self._passage.heads.of(head)
        if plain.body_bytes != len(body) or not end or call is None or not self.keep_alive:
            return False
        self._call = None
        call.finish()
        date, ending = date_of(int(time())), self._reads.ending
        parts = (
            plain.before_tag,
            plain.tag(head, body),
            plain.after_tag,
            date,
            BEFORE_ID,
            self._request_id,
            ending,
            body,
        )
        self._protocol.transport.write(b"".join(parts))
        self._close_books(_OK)
        return True

    def ended(self, exchange: Exchange) -> None:
        """See `Asker`: what was not taken is told as on the ordinary way."""
        self._call = None
        if exchange.may_be_replayed:
            self._spawn(self._ask_afresh())
        elif exchange.fault is not None:
            self._spawn(self._tell(UpstreamFault("timeout" if exchange.is_expired else "broken", exchange.fault)))
        else:
            self._spawn(self._tell(UpstreamAnswer(exchange.status, exchange.headers, exchange.body)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = self._protocol.loop.create_task(work)
        self._protocol.tasks.add(self._task)
        self._task.add_done_callback(self._protocol.tasks.discard)

    async def _ask_afresh(self) -> None:
        passage = self._passage
        try:
            outcome = await passage.upstream.request_afresh(passage.head_of(self._target.key, self._request_id))
        except asyncio.CancelledError:
            self._give_up()
            raise
        await self._tell(outcome)

    async def _tell(self, outcome: UpstreamAnswer | UpstreamFault) -> None:
        """In one go."""
        structlog.contextvars.bind_contextvars(request_id=self._request_id.decode())
        request = DetachedRequest.of(
            self._reads.scope(self._target, self._client, self._request_id, self._protocol.of_connection)
        )
        try:
            response = passed_on(request, as_response(request, outcome))
            answer = self._rendered(response)
        except Exception as error:  # noqa: BLE001  as the framework does it: logged with its traceback, and a 500
            response = await answer_unexpected(request, error)
            answer = self._rendered(response)
        if self.disconnected:
            self._close_books(CLIENT_CLOSED_REQUEST)
            return
        self._protocol.transport.write(answer)
        if not self.keep_alive:
            self._protocol.transport.close()
        self._close_books(response.status_code)

    def _rendered(self, response: Response) -> bytes:
        return rendered(response, self._reads.instance, self._request_id.decode(), keep_alive=self.keep_alive)

    def _give_up(self) -> None:
        if not self.disconnected:  # the server stops, and has waited long enough
            self._protocol.transport.close()
        self._close_books(CLIENT_CLOSED_REQUEST)

    def _close_books(self, status: int) -> None:
        self.response_complete = True
        reads, path = self._reads, self._target.path
        now_s = reads.steady_clock_s()
        reads.records.note(path, "GET", status, now_s - self._began_s)
        if reads.records.is_told(status, self._request_id):
            write_access_line("GET", path, status, now_s - self._began_s, self._request_id.decode())
        if not self.disconnected:
            self._protocol.on_read_complete(now_s)
