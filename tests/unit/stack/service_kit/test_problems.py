"""Errors are problem JSON with the request's id, and give nothing away."""

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from scalelab.stack.service_kit.problems import answer_http_exception, answer_unexpected, problem


def _request():
    return Request({"type": "http", "method": "GET", "path": "/data", "headers": [], "request_id": "r-7"})


def test_a_problem_names_status_title_and_request():
    """The body has RFC 9457's members and the request id; the media type says so."""
    answer = problem(_request(), 503, "no slot", {"Retry-After": "3"})

    assert answer.status_code == 503
    assert answer.media_type == "application/problem+json"
    assert answer.headers["retry-after"] == "3"
    assert answer.body == (
        b'{"type": "about:blank", "title": "Service Unavailable", "status": 503,'
        b' "request_id": "r-7", "detail": "no slot"}'
    )


def test_a_problem_without_detail_has_no_empty_member():
    """An absent detail is absent."""
    answer = problem(_request(), 404)

    assert b"detail" not in answer.body


@pytest.mark.parametrize(("status", "headers"), [(404, None), (405, {"Allow": "GET"})])
async def test_the_frameworks_refusals_take_our_form(status, headers):
    """404 and 405 keep their headers and become problems."""
    answer = await answer_http_exception(_request(), HTTPException(status, headers=headers))

    assert (answer.status_code, answer.media_type) == (status, "application/problem+json")
    assert answer.headers.get("allow") == (headers or {}).get("Allow")


async def test_an_unexpected_error_is_logged_and_not_told(ask, log_lines):
    """The client gets a bare 500; the log gets the error."""

    async def fail(_request):
        raise RuntimeError("secret detail")

    app = Starlette(routes=[Route("/", fail)], exception_handlers={Exception: answer_unexpected})

    with pytest.raises(RuntimeError, match="secret detail"):  # Starlette hands it on after the answer
        await ask(app, "GET", "/")
    answer = await answer_unexpected(_request(), RuntimeError("secret detail"))

    assert answer.status_code == 500
    assert b"secret" not in answer.body
    assert [line["event"] for line in log_lines] == ["unexpected_error", "unexpected_error"]
