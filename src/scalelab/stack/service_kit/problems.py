"""Errors as RFC 9457 problem JSON, each with the request's id. Never a reason that helps an attacker."""

import json
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE
from scalelab.stack.service_kit.documents import problem_document


def problem(request: Request, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """A problem answer.

    Args:
        request: the request in hand; its id goes into the body.
        status: HTTP status code; also gives the title.
        detail: one sentence for the client.
        headers: further headers, for example `Retry-After`.
    """
    body = problem_document(status, request.scope.get("request_id", ""), detail)
    return Response(json.dumps(body), status, headers, PROBLEM_MEDIA_TYPE)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405, in our form."""
    assert isinstance(error, HTTPException)
    return problem(request, error.status_code, headers=error.headers)


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: logged with its traceback, answered without it."""
    structlog.get_logger().error("unexpected_error", path=request.url.path, exc_info=error)
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR)
