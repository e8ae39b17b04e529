"""`GET /longtask/{id}/events`: what becomes of a task, as server-sent events; ends with its final state.

Whichever gateway is asked tells the same: an event's id is made of what the event says, so that a listener who comes
back with `Last-Event-ID`, to another gateway too, hears only what it does not know.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scalelab.contracts.http_names import LONGTASK_PATH
from scalelab.contracts.long_tasks import FINAL_STATES, LongTaskView
from scalelab.stack.api_gateway.authentication import Refusal, requires_token
from scalelab.stack.api_gateway.freshness import strong_entity_tag
from scalelab.stack.api_gateway.long_tasks import COME_BACK, is_task_id, queue_gone
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.task_queue import QueueFault, TaskQueue

MOST_LISTENERS = 256
"""At one gateway."""
MOST_LISTENERS_OF_ONE = 32
"""Of one user at one gateway."""
LOOK_INTERVAL_S = 0.25
"""Between two looks at the task; a worker tells of its progress as often."""
SIGN_OF_LIFE_S = 15.0
"""Longest silence: well within the time that a balancer waits for an answer."""
COME_BACK_AFTER_MS = 1000
"""What a browser waits before it connects again; the format has milliseconds."""

Sleep = Callable[[float], Awaitable[object]]

_HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
_MEDIA_TYPE = "text/event-stream"


class Listeners:
    """Places for those who listen at this gateway."""

    def __init__(self, most: int = MOST_LISTENERS, most_of_one: int = MOST_LISTENERS_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._of: Counter[str] = Counter()

    def enter(self, subject: str) -> HTTPStatus | None:
        """Take a place, to be given back with `leave`; or the status that says why there is none."""
        if self._of[subject] >= self._most_of_one:
            return HTTPStatus.TOO_MANY_REQUESTS
        if self._of.total() >= self._most:
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._of[subject] += 1
        return None

    def leave(self, subject: str) -> None:
        """Give one back."""
        self._of[subject] -= 1
        if not self._of[subject]:
            del self._of[subject]


class _Stream(StreamingResponse):
    """Gives its place back however it ends."""

    def __init__(self, events: AsyncIterator[str], leave: Callable[[], None]) -> None:
        super().__init__(events, headers=_HEADERS, media_type=_MEDIA_TYPE)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def task_event_route(queue: TaskQueue, listeners: Listeners, sleep: Sleep = asyncio.sleep) -> Route:
    """The route; demands a token, and ends when that counts no longer."""

    @requires_token
    async def listen(request: Request) -> Response:
        task_id, subject = request.path_params["id"], request.state.subject
        view = await queue.view(task_id, subject) if is_task_id(task_id) else None
        if view is None:
            return problem(request, HTTPStatus.NOT_FOUND)
        if isinstance(view, QueueFault):
            return queue_gone(request, view)
        known = request.headers.get("last-event-id", "")
        if view.state in FINAL_STATES and event_id(view) == known:
            return Response(status_code=HTTPStatus.NO_CONTENT)  # a browser then connects no more
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=_MEDIA_TYPE)
        refused = listeners.enter(subject)
        if refused is not None:
            return problem(request, refused, "too many listen", COME_BACK)
        events = _events(view, known, lambda: queue.view(task_id, subject), lambda: _is_let_in(request), sleep)
        return _Stream(events, lambda: listeners.leave(subject))

    return Route(LONGTASK_PATH + "/{id}/events", listen, methods=["GET"])


def event_id(view: LongTaskView) -> str:
    """The same for the same view, at every gateway."""
    return strong_entity_tag(view.model_dump_json().encode()).strip('"')


def event_text(view: LongTaskView) -> str:
    """A view as one event: `end` for a final state, else `state`."""
    name = "end" if view.state in FINAL_STATES else "state"
    return f"id: {event_id(view)}\nevent: {name}\ndata: {view.model_dump_json()}\n\n"


async def _events(
    view: LongTaskView | QueueFault | None,
    known: str,
    look: Callable[[], Awaitable[LongTaskView | QueueFault | None]],
    is_let_in: Callable[[], bool],
    sleep: Sleep,
) -> AsyncIterator[str]:
    """Until the final state, the end of the token, or of the task itself; a queue that is gone is waited for."""
    yield f"retry: {COME_BACK_AFTER_MS}\n\n"
    silent_s = 0.0
    while view is not None and is_let_in():
        if isinstance(view, LongTaskView) and (latest := event_id(view)) != known:
            known, silent_s = latest, 0.0
            yield event_text(view)
            if view.state in FINAL_STATES:
                return
        if silent_s >= SIGN_OF_LIFE_S:
            silent_s = 0.0
            yield ":\n\n"
        await sleep(LOOK_INTERVAL_S)
        silent_s += LOOK_INTERVAL_S
        view = await look()


def _is_let_in(request: Request) -> bool:
    token = request.state.authenticator.authenticate(request.headers.getlist("authorization"))
    return not isinstance(token, Refusal)
