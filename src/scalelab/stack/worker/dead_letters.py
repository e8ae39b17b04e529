"""`GET /dead-letters` of a worker's admin listener: the tasks that were given up, of every user, newest first."""

from http import HTTPStatus

from aiohttp import web

from scalelab.contracts.http_names import DEAD_LETTERS_PATH
from scalelab.stack.task_queue import QueueFault, TaskQueue

LISTED = 100


def dead_letter_route(queue: TaskQueue) -> web.RouteDef:
    """The route; answers 503 while the queue does not."""

    async def list_dead_letters(_request: web.Request) -> web.StreamResponse:
        letters = await queue.dead_letters(None, LISTED)
        if isinstance(letters, QueueFault):
            return web.json_response({"detail": letters.detail}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.json_response({"dead_letters": [letter.model_dump(mode="json") for letter in letters]})

    return web.get(DEAD_LETTERS_PATH, list_dead_letters)
