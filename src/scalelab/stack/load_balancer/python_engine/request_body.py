"""The body of a request on its way through: read when the upstream wants it, never held."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive, Scope


class ClientGone(Exception):  # noqa: N818
    """Raised out of the body when the client has gone before its end."""


class RequestBody:
    """Pulls the body's chunks from the server; knows whether any was taken and whether the client is there."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self.is_touched = False
        self.is_client_gone = False
        self.is_expected = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )
        self._is_read = asyncio.Event()
        if not self.is_expected:
            self._is_read.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, once.

        Raises:
            ClientGone: it ends too early.
        """
        self.is_touched = True
        while not self._is_read.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_client_gone = True
                raise ClientGone
            if not message.get("more_body", False):
                self._is_read.set()
            if chunk := message.get("body", b""):
                yield chunk

    async def client_gone(self) -> None:
        """Wait until the client has gone. Watches only once the body is read: until then reading shows it."""
        await self._is_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_client_gone = True
