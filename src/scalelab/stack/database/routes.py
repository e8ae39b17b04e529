"""Records and accounts over HTTP; each query of records goes through the bounded pool and its delay."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from scalelab.contracts.records import ACCOUNTS_PATH, RECORDS_PATH, Record, RecordRange
from scalelab.stack.database.base import DatabaseEngine, EngineUnavailableError
from scalelab.stack.database.query_pool import QueryPool
from scalelab.stack.database.requests import Refusal, parse_key, parse_range, parse_update, read_body
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, answer_unless_gone
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.problems import problem

RETRY_AFTER_S = 1
NOT_FOUND = "there is no such entry"


class RecordRoutes:
    """The handlers, over one engine and its pool."""

    def __init__(self, engine: DatabaseEngine, pool: QueryPool, keeper: TimeKeeper) -> None:
        self._engine = engine
        self._keeper = keeper
        self._pool = pool

    def routes(self) -> list[Route]:
        """Which path leads to which handler."""
        return [
            Route(RECORDS_PATH + "/{key}", self.one_record, methods=["GET", "PUT"]),
            Route(RECORDS_PATH, self.record_range),
            Route(ACCOUNTS_PATH + "/{username}", self.account),
        ]

    async def one_record(self, request: Request) -> Response:
        """`GET` and `PUT /records/{key}`."""
        key = parse_key(request.path_params["key"])
        if isinstance(key, Refusal):
            return _refuse(request, key)
        if request.method == "PUT":
            return await self._write_record(request, key)
        return await self._answer(request, lambda: self._pool.run(lambda: self._engine.fetch(key)))

    async def _write_record(self, request: Request, key: int) -> Response:
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        update = body if isinstance(body, Refusal) else parse_update(body)
        if isinstance(update, Refusal):
            return _refuse(request, update)
        return await self._answer(request, lambda: self._pool.run(lambda: self._engine.update(key, update.value)))

    async def record_range(self, request: Request) -> Response:
        """`GET /records?first_key=K&count=N`: one query, one delay."""
        wanted = parse_range(request.query_params)
        if isinstance(wanted, Refusal):
            return _refuse(request, wanted)

        async def query() -> RecordRange:
            return RecordRange(records=await self._pool.run(lambda: self._engine.fetch_range(*wanted)))

        return await self._answer(request, query)

    async def account(self, request: Request) -> Response:
        """`GET /accounts/{username}`: no delay, no place in the pool."""
        username = request.path_params["username"]
        if "\x00" in username:  # PostgreSQL refuses the question, where SQLite says no
            return problem(request, HTTPStatus.NOT_FOUND, NOT_FOUND)
        return await self._answer(request, lambda: self._engine.fetch_account(username))

    async def _answer(self, request: Request, query: Callable[[], Awaitable[BaseModel | None]]) -> Response:
        async def answer() -> Response:
            try:
                found = await query()
            except EngineUnavailableError as error:
                structlog.get_logger().error("database_unavailable", reason=str(error))
                headers = {"Retry-After": str(RETRY_AFTER_S)}
                return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer", headers)
            if found is None:
                return problem(request, HTTPStatus.NOT_FOUND, NOT_FOUND)
            return _document(found)

        return await answer_unless_gone(request, self._keeper.answer(request, answer()))


def _document(found: BaseModel) -> Response:
    headers = {"ETag": f'"{found.version}-{found.checksum}"'} if isinstance(found, Record) else None
    return Response(found.model_dump_json(), headers=headers, media_type="application/json")


def _refuse(request: Request, refusal: Refusal) -> Response:
    return problem(request, refusal.status, refusal.detail)
