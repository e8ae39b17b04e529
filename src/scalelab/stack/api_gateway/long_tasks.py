"""`/longtask`: takes tasks, tells how they stand, cancels them. Never runs one, and never tells of another's.

A task that is not the caller's answers as one that does not exist.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import RootModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scalelab.contracts.http_names import LONGTASK_PATH
from scalelab.contracts.long_tasks import FINAL_STATES, LongTaskRequest, LongTaskView
from scalelab.stack.api_gateway.authentication import requires_token
from scalelab.stack.api_gateway.freshness import is_known_to_client, strong_entity_tag
from scalelab.stack.api_gateway.request_input import Refusal, read_document
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.task_queue import AlreadyFinished, KeyReused, QueueFault, QueueFull, Submission, TaskQueue

POLL_AFTER_S = 1
"""When to ask again for a task that is not finished."""
COME_BACK_AFTER_S = 5
"""When to try again while the queue is full or gone."""
DEAD_LETTERS_LISTED = 100

_TASK_ID = re.compile(r"[0-9a-f]{32}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_FAULTS_SHOWN = 20
_SHOWN_CHARACTERS = 64
_PRIVATE = {"Cache-Control": "private, no-cache"}
COME_BACK = {"Retry-After": str(COME_BACK_AFTER_S)}

_KEPT_BY_NOT_MODIFIED = ("cache-control", "etag", "retry-after")

TaskHandler = Callable[[Request, TaskQueue, str], Awaitable[Response]]


class _Document(RootModel[dict[str, Any]]):
    """A JSON object, whatever it says."""


def long_task_routes(queue: TaskQueue) -> list[Route]:
    """The routes of `/longtask`, each demanding a token.

    Args:
        queue: may still be closed now; it must be open when the first request comes.
    """

    @requires_token
    async def submit(request: Request) -> Response:
        return await _submit(request, queue)

    @requires_token
    async def list_dead(request: Request) -> Response:
        return await _list_dead(request, queue)

    @requires_token
    async def view(request: Request) -> Response:
        return await _of_task(request, queue, _view)

    @requires_token
    async def cancel(request: Request) -> Response:
        return await _of_task(request, queue, _cancel)

    async def tasks(request: Request) -> Response:
        return await (submit(request) if request.method == "POST" else list_dead(request))

    async def task(request: Request) -> Response:
        return await (cancel(request) if request.method == "DELETE" else view(request))

    return [
        Route(LONGTASK_PATH, tasks, methods=["POST", "GET"]),
        Route(LONGTASK_PATH + "/{id}", task, methods=["GET", "DELETE"]),
    ]


async def _submit(request: Request, queue: TaskQueue) -> Response:
    wanted = await _wanted(request)
    if isinstance(wanted, Response):
        return wanted
    match await queue.submit(wanted):
        case QueueFault() as fault:
            return queue_gone(request, fault)
        case QueueFull(limit=limit):
            return problem(
                request, HTTPStatus.SERVICE_UNAVAILABLE, f"{limit} tasks are unfinished, no more fit", COME_BACK
            )
        case KeyReused():
            return problem(
                request, HTTPStatus.UNPROCESSABLE_ENTITY, "this Idempotency-Key was used with another request"
            )
        case submitted:
            location = {"Location": f"{LONGTASK_PATH}/{submitted.view.id}"}
            return _shown(submitted.view, HTTPStatus.ACCEPTED, location)


async def _list_dead(request: Request, queue: TaskQueue) -> Response:
    if request.query_params.multi_items() != [("state", "dead")]:
        return problem(request, HTTPStatus.BAD_REQUEST, "tasks can be listed with ?state=dead only")
    tasks = await queue.dead_letters(request.state.subject, DEAD_LETTERS_LISTED)
    if isinstance(tasks, QueueFault):
        return queue_gone(request, tasks)
    return JSONResponse({"tasks": [task.model_dump(mode="json") for task in tasks]}, headers=_PRIVATE)


async def _of_task(request: Request, queue: TaskQueue, answer: TaskHandler) -> Response:
    task_id = request.path_params["id"]
    if not is_task_id(task_id):
        return problem(request, HTTPStatus.NOT_FOUND)
    return await answer(request, queue, task_id)


async def _view(request: Request, queue: TaskQueue, task_id: str) -> Response:
    match await queue.view(task_id, request.state.subject):
        case None:
            return problem(request, HTTPStatus.NOT_FOUND)
        case QueueFault() as fault:
            return queue_gone(request, fault)
        case view:
            return _unless_known(request, _shown(view, HTTPStatus.OK))


async def _cancel(request: Request, queue: TaskQueue, task_id: str) -> Response:
    match await queue.cancel(task_id, request.state.subject):
        case None:
            return problem(request, HTTPStatus.NOT_FOUND)
        case QueueFault() as fault:
            return queue_gone(request, fault)
        case AlreadyFinished(view=view):
            return problem(request, HTTPStatus.CONFLICT, f"the task has finished already: {view.state}")
        case view:
            is_over = view.state in FINAL_STATES
            return _shown(view, HTTPStatus.OK if is_over else HTTPStatus.ACCEPTED)


def is_task_id(text: str) -> bool:
    """Whether a task can be called so."""
    return _TASK_ID.fullmatch(text) is not None


async def _wanted(request: Request) -> Submission | Response:
    """What the client asks for, or the answer to a request that cannot be understood."""
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1 or not all(map(_IDEMPOTENCY_KEY.fullmatch, keys)):
        return problem(
            request,
            HTTPStatus.BAD_REQUEST,
            "Idempotency-Key must be given once, as 1 to 255 visible ASCII characters",
        )
    try:
        document = await read_document(request, _Document)
    except ClientDisconnect:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    if isinstance(document, Refusal):
        return problem(request, document.status, document.detail)
    try:
        task = LongTaskRequest.model_validate(document.root)
    except ValidationError as error:
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, _faults(error))
    return Submission(request.state.subject, task, keys[0] if keys else None, request.scope.get("request_id", ""))


def _faults(error: ValidationError) -> str:
    """Every fault in one line; of a document that is nothing but faults, the first of them."""
    faults = [f"{'.'.join(map(str, fault['loc']))[:_SHOWN_CHARACTERS]}: {fault['msg']}" for fault in error.errors()]
    rest = len(faults) - _FAULTS_SHOWN
    return "; ".join(faults[:_FAULTS_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _shown(view: LongTaskView, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    body = view.model_dump_json().encode()
    poll = {} if view.state in FINAL_STATES else {"Retry-After": str(POLL_AFTER_S)}
    return Response(
        body,
        status,
        {**_PRIVATE, "ETag": strong_entity_tag(body), **poll, **(headers or {})},
        "application/json",
    )


def _unless_known(request: Request, response: Response) -> Response:
    """The response, or 304 when the client has it."""
    if not is_known_to_client(request.headers.getlist("if-none-match"), response.headers["etag"]):
        return response
    kept = {name: response.headers[name] for name in _KEPT_BY_NOT_MODIFIED if name in response.headers}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)


def queue_gone(request: Request, fault: QueueFault) -> Response:
    """503 with Retry-After; the reason goes to the log only."""
    structlog.get_logger().warning("task_queue_gone", reason=fault.detail)
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, "the task queue does not answer", COME_BACK)
