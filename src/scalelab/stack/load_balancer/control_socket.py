"""Answers the membership contract over HTTP on a Unix socket that only its owner may open."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar

import httptools
from pydantic import ValidationError

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE
from scalelab.contracts.membership import MEMBERS_PATH, POLICY_PATH, MemberList, MembersView, PolicyChoice
from scalelab.contracts.model import Contract
from scalelab.stack.load_balancer.base import EngineRefused, EngineUnavailable
from scalelab.stack.load_balancer.membership_change import repeated_names

_BODY_LIMIT_BYTES = 1 << 20
_READ_BYTES = 65_536
_OWNER_ONLY_UMASK = 0o177
Read = TypeVar("Read", bound=Contract)


class _Unfit(Exception):  # noqa: N818  becomes an answer here
    """Raised when a body is not what its path takes; the message says why."""


class Membership(Protocol):
    """Whoever knows the members. All methods may raise `EngineUnavailable` and `EngineRefused`."""

    async def view(self) -> MembersView:
        """The members now."""
        ...

    async def change(self, wanted: MemberList) -> MembersView:
        """Make it so; the view afterwards."""
        ...

    async def change_policy(self, choice: PolicyChoice) -> PolicyChoice:
        """Choose members so; what was chosen."""
        ...


@dataclass(frozen=True)
class _Answer:
    status: HTTPStatus
    body: bytes
    media_type: str = "application/json"

    @classmethod
    def problem(cls, status: HTTPStatus, detail: str) -> "_Answer":
        body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        return cls(status, json.dumps(body).encode(), PROBLEM_MEDIA_TYPE)

    def as_bytes(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\nContent-Type: {self.media_type}\r\n"
            f"Content-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass
class _Request:
    """Collects what the parser finds."""

    target: bytes = b""
    body: bytearray = field(default_factory=bytearray)
    is_complete: bool = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.is_complete = True


def bind_owner_only(path: Path) -> socket.socket:
    """A Unix socket at `path` with mode 0600; one left there by an earlier process is replaced.

    Raises:
        OSError: the path is too long (107 bytes) or the directory is missing.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(_OWNER_ONLY_UMASK)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {path}: {error}") from error
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def control_socket(path: Path, membership: Membership) -> AsyncIterator[None]:
    """Answer on `path` while the context is open; the file is gone afterwards."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answer(reader, membership)
            writer.write(answer.as_bytes())
            await writer.drain()
        except ConnectionError:
            pass  # the caller has gone; the change it asked for was made
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, sock=bind_owner_only(path))
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240  one system call on a local file


async def _answer(reader: asyncio.StreamReader, membership: Membership) -> _Answer:
    request = _Request()
    parser = httptools.HttpRequestParser(request)
    try:
        while not request.is_complete:
            part = await reader.read(_READ_BYTES)
            if not part or len(request.body) > _BODY_LIMIT_BYTES:
                return _Answer.problem(HTTPStatus.BAD_REQUEST, "the request is not whole")
            parser.feed_data(part)
    except httptools.HttpParserError as error:
        return _Answer.problem(HTTPStatus.BAD_REQUEST, f"not HTTP: {error}")
    return await _route(parser.get_method(), request, membership)


async def _route(method: bytes, request: _Request, membership: Membership) -> _Answer:
    answers = _ROUTES.get(request.target.decode(errors="replace"))
    if answers is None:
        return _Answer.problem(HTTPStatus.NOT_FOUND, f"only {' and '.join(_ROUTES)} are here")
    if method not in answers:
        return _Answer.problem(HTTPStatus.METHOD_NOT_ALLOWED, " or ".join(name.decode() for name in answers))
    try:
        document = await answers[method](bytes(request.body), membership)
    except _Unfit as error:
        return _Answer.problem(HTTPStatus.BAD_REQUEST, str(error))
    except (EngineRefused, EngineUnavailable) as error:
        return _Answer.problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    return _Answer(HTTPStatus.OK, document.model_dump_json().encode())


async def _view(_body: bytes, membership: Membership) -> Contract:
    return await membership.view()


async def _change(body: bytes, membership: Membership) -> Contract:
    wanted = _read(body, MemberList)
    if repeated := repeated_names(wanted.members):
        raise _Unfit(f"more than one member is named {', '.join(repeated)}")
    return await membership.change(wanted)


async def _change_policy(body: bytes, membership: Membership) -> Contract:
    return await membership.change_policy(_read(body, PolicyChoice))


def _read(body: bytes, kind: type[Read]) -> Read:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise _Unfit(faults) from error


_ROUTES: dict[str, dict[bytes, Callable[[bytes, Membership], Awaitable[Contract]]]] = {
    MEMBERS_PATH: {b"GET": _view, b"PUT": _change},
    POLICY_PATH: {b"PUT": _change_policy},
}
