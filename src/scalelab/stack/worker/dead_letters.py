"""Dead letters on a worker's admin listener: lists the tasks that were given up, tries one again, drops one.

Of every user: the operator's side. What changes something demands the stack's nonce, as the listener sees to.
"""

from http import HTTPStatus

from aiohttp import web

from scalelab.contracts.http_names import DEAD_LETTERS_PATH
from scalelab.contracts.long_tasks import LongTaskView
from scalelab.stack.task_queue import DeadLetters, NotDead, QueueFault, QueueFull
from scalelab.stack.task_queue.records import DEAD_LETTERS_KEPT


def dead_letter_routes(queue: DeadLetters) -> list[web.RouteDef]:
    """`GET` the list, `POST .../{id}/retry`, `DELETE .../{id}`; 503 while the queue does not answer."""

    async def list_all(_request: web.Request) -> web.StreamResponse:
        letters = await queue.dead_letters(None, DEAD_LETTERS_KEPT)
        if isinstance(letters, QueueFault):
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, letters.detail)
        return web.json_response({"dead_letters": [letter.model_dump(mode="json") for letter in letters]})

    async def retry(request: web.Request) -> web.StreamResponse:
        return _answer(await queue.retry(request.match_info["id"]))

    async def drop(request: web.Request) -> web.StreamResponse:
        return _answer(await queue.drop(request.match_info["id"]))

    return [
        web.get(DEAD_LETTERS_PATH, list_all),
        web.post(DEAD_LETTERS_PATH + "/{id}/retry", retry),
        web.delete(DEAD_LETTERS_PATH + "/{id}", drop),
    ]


def _answer(answer: LongTaskView | NotDead | QueueFull | QueueFault | None) -> web.Response:
    match answer:
        case None:
            return _refused(HTTPStatus.NOT_FOUND, "no such task: it never was, has expired, or was dropped")
        case NotDead(view=view):
            return _refused(HTTPStatus.CONFLICT, f"the task is {view.state}, no dead letter")
        case QueueFull(limit=limit):
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{limit} tasks are unfinished, no more fit")
        case QueueFault(detail=detail):
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, detail)
        case view:
            return web.json_response(view.model_dump(mode="json"))


def _refused(status: HTTPStatus, detail: str) -> web.Response:
    return web.json_response({"detail": detail}, status=status)
