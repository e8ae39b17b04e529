"""`POST /token/refresh` and `POST /logout`. Why a refresh token does not count is not said."""

from http import HTTPStatus
from typing import Annotated

from pydantic import Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from scalelab.contracts.model import Contract
from scalelab.stack.api_gateway.forwarding import come_back
from scalelab.stack.api_gateway.issuing import TokenIssuer
from scalelab.stack.api_gateway.request_input import Refusal, read_document
from scalelab.stack.api_gateway.sessions import SessionFault
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST
from scalelab.stack.service_kit.problems import problem

NO_STORE = {"Cache-Control": "no-store"}
_REFUSED = {"WWW-Authenticate": 'Bearer realm="scalelab", error="invalid_token"', **NO_STORE}


class RefreshRequest(Contract):
    """Body of `POST /token/refresh`."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=1024)]


async def refresh(request: Request, issuer: TokenIssuer) -> Response:
    """200 with new tokens, 400, 401, 413; 503 when nobody can say whether the token counts."""
    try:
        wanted = await read_document(request, RefreshRequest)
    except ClientDisconnect:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    if isinstance(wanted, Refusal):
        return problem(request, wanted.status, wanted.detail)
    outcome = await issuer.renew(wanted.refresh_token)
    if isinstance(outcome, SessionFault):
        return come_back(request, "refresh tokens cannot be checked now")
    if outcome is None:
        return problem(request, HTTPStatus.UNAUTHORIZED, headers=_REFUSED)
    return JSONResponse(outcome.document(), headers=NO_STORE)


async def logout(request: Request, issuer: TokenIssuer) -> Response:
    """204; 503 when the others cannot be told, and then nothing has changed. Stands below `@requires_token`."""
    if await issuer.end(request.state.token) is not None:
        return come_back(request, "the logout cannot be made known now")
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)
