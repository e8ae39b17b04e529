"""The dashboard's own HTTP: the page, a stream of events, and acts for whoever has the token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scalelab.lab.watch.acts import ACTS, ActFailedError, PlayableSystem
from scalelab.lab.watch.board import Board
from scalelab.lab.watch.guard import SECURITY_HEADERS, holds_token, is_our_host, is_our_origin
from scalelab.lab.watch.playing import Mark, Player
from scalelab.lab.watch.sampler import sample_forever

PAGE = Path(__file__).with_name("page")
LARGEST_ACT_BYTES = 4096
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_RETRY_MS = 1000


@dataclass(frozen=True)
class Site:
    """What one dashboard serves."""

    board: Board
    player: Player
    find: Callable[[], PlayableSystem]
    token: str
    host_name: str
    """What it was told to listen on."""

    def app(self) -> ASGIApp:
        """The ASGI application. Samples while it is up."""
        page = {file.name: file.read_bytes() for file in PAGE.iterdir() if file.suffix in _MEDIA_TYPES}

        async def index(_request: Request) -> Response:
            return Response(page["index.html"], media_type=_MEDIA_TYPES[".html"])

        async def part(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in page:
                return Response("there is no such file\n", HTTPStatus.NOT_FOUND, media_type="text/plain")
            return Response(page[name], media_type=_MEDIA_TYPES[Path(name).suffix])

        routes = [
            Route("/", index),
            Route("/page/{name}", part),
            Route("/events", self._events),
            Route("/acts", self._act, methods=["POST"]),
            Route("/token", self._check_token, methods=["POST"]),
        ]
        return _Guarded(Starlette(routes=routes, lifespan=self._sampling), self.host_name)

    @contextlib.asynccontextmanager
    async def _sampling(self, _app: Starlette) -> AsyncIterator[None]:
        self.board.open()
        task = asyncio.create_task(sample_forever(self.board, self.find), name="sampler")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _events(self, _request: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            yield f"retry: {_RETRY_MS}\n\n"
            async for name, text in self.board.events():
                yield f"event: {name}\ndata: {text}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def _check_token(self, request: Request) -> Response:
        return self._refusal(request) or Response(status_code=HTTPStatus.NO_CONTENT)

    async def _act(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if int(request.headers.get("content-length", LARGEST_ACT_BYTES + 1)) > LARGEST_ACT_BYTES:
            return _told(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"an act has {LARGEST_ACT_BYTES} bytes at most")
        try:
            act = ACTS.validate_json(await request.body())
        except ValidationError as error:
            return _told(HTTPStatus.UNPROCESSABLE_ENTITY, _fault(error))

        def tell(mark: Mark) -> None:
            self.board.post(self.board.set_mark, asdict(mark))

        try:
            await asyncio.to_thread(self.player.begin, act, tell)
        except ActFailedError as error:
            return _told(HTTPStatus.CONFLICT, str(error))
        return JSONResponse({}, HTTPStatus.ACCEPTED)

    def _refusal(self, request: Request) -> Response | None:
        if not is_our_origin(request.headers.get("origin"), request.headers["host"]):
            return _told(HTTPStatus.FORBIDDEN, "acts come from the dashboard's own page")
        if not holds_token(request.headers.get("authorization"), self.token):
            return _told(HTTPStatus.UNAUTHORIZED, "this needs the token that was printed at the start")
        return None


class _Guarded:
    """The outermost layer: no name but ours, and the headers of every answer."""

    def __init__(self, app: ASGIApp, host_name: str) -> None:
        self._app, self._host_name = app, host_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        app: ASGIApp = self._app
        if not is_our_host(Request(scope).headers.get("host"), self._host_name):
            app = _told(HTTPStatus.MISDIRECTED_REQUEST, "this dashboard does not go by that name")
        await app(scope, receive, send_with_headers)


def _told(status: HTTPStatus, reason: str) -> Response:
    return JSONResponse({"trouble": reason}, status)


def _fault(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the act'}: {first['msg']}"
