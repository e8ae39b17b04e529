"""A server whose truth is known, in a process of its own: `python -m ...known_server BEHAVIOUR [CERTIFICATE KEY]`.

Prints its port. Counts the requests that it read (`GET /count`) and the answers that it spoiled (`GET /sabotaged`),
which are not counted themselves. Ends when its standard input does.

Behaviours: quick, delay=SECONDS, serial (one at a time), slots=NUMBERxSECONDS (so many at a time), echo, refuse,
refuse-some (/bad is refused at once, the rest takes 50 ms), wrong-bodies (every tenth is torn), reset-every-tenth
(connection), accept-slowly (one each 50 ms).
"""

# ruff: noqa: T201  its output is how it is found
import asyncio
import base64
import ctypes
import itertools
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from hashlib import sha256

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
FORMS = {
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\nas long as it takes",
    "/empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/interim": b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER,
    "/nonsense": b"SMTP ready\r\n\r\n",
    "/half": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    "/twice": ANSWER + ANSWER,
    "/head": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
    "/moved": b"HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
}
CLOSED_AFTER = {"/until-close", "/nonsense", "/half"}
SLOW_S = 0.05
SERIAL_S = 0.02
_PR_SET_PDEATHSIG = 1
EVERY = 10
"""One in so many connections is reset, or answers torn."""
_SLOW = {"refuse-some": SLOW_S, "quick": 0.0}


class KnownServer:
    """One behaviour, and what it counted."""

    def __init__(self, behaviour: str) -> None:
        self.behaviour = behaviour
        self.requests = 0
        self.connections = 0
        self.sabotaged = 0
        self.one_at_a_time = asyncio.Lock()
        slots, _, hold_s = (
            behaviour.removeprefix("slots=").partition("x") if "slots=" in behaviour else ("1", "", "0")
        )
        self.slots, self.hold_s = asyncio.Semaphore(int(slots)), float(hold_s)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        number = self.connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                body = await reader.readexactly(_length(head))
                if path in {"/count", "/sabotaged"}:
                    text = b"%d" % (self.requests if path == "/count" else self.sabotaged)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
                    continue
                self.requests += 1
                if not await self.answer(writer, path, number, head + body):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def answer(self, writer: asyncio.StreamWriter, path: str, number: int, asked: bytes) -> bool:
        """Whether the connection goes on."""
        match self.behaviour:
            case "reset-every-tenth":
                if number % EVERY == 0:
                    self.sabotaged += 1
                    _reset(writer)
                else:
                    writer.write(CLOSING)
                return False
            case "refuse":
                writer.write(REFUSAL)
                return True
            case "refuse-some" if path == "/bad":
                self.sabotaged += 1
                writer.write(REFUSAL)
                return True
            case "echo":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(asked), asked))
                print(asked.decode().replace("\r\n", "|"), flush=True)
                return True
            case "wrong-bodies":
                writer.write(self.digested(b"answer %d" % self.requests))
                return True
        await self.take_time()
        writer.write(FORMS.get(path, ANSWER))
        return path not in CLOSED_AFTER

    async def take_time(self) -> None:
        """What the behaviour says."""
        if self.behaviour == "serial":
            async with self.one_at_a_time:
                await asyncio.sleep(SERIAL_S)
        elif self.behaviour.startswith("slots="):
            async with self.slots:
                await asyncio.sleep(self.hold_s)
        elif self.behaviour.startswith("delay="):
            await asyncio.sleep(float(self.behaviour.removeprefix("delay=")))
        elif delay_s := _SLOW.get(self.behaviour, 0.0):
            await asyncio.sleep(delay_s)

    def digested(self, body: bytes) -> bytes:
        """With its digest (RFC 9530); every tenth with another body than that."""
        digest = base64.b64encode(sha256(body).digest())
        if self.requests % EVERY == 0:
            self.sabotaged += 1
            body = body[:-1] + b"?"
        return b"HTTP/1.1 200 OK\r\nContent-Digest: sha-256=:%b:\r\nContent-Length: %d\r\n\r\n%b" % (
            digest,
            len(body),
            body,
        )


def accept_slowly(listener: socket.socket) -> None:
    """One connection each 50 ms, answered once, by hand."""
    for _ in itertools.count():
        time.sleep(SLOW_S)
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(CLOSING)
        connection.close()


async def main(behaviour: str, *certificate: str) -> None:
    """Serve until the end of standard input."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    server = await asyncio.start_server(KnownServer(behaviour).serve, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _length(head: bytes) -> int:
    fields = (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return next((int(line[15:]) for line in fields), 0)


def _reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def _end_with_parent() -> None:
    """Also while it is stopped, when it could not see the end of its input. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_input() -> None:
    while sys.stdin.buffer.read(65536):
        pass
    os._exit(0)


if __name__ == "__main__":
    _end_with_parent()
    threading.Thread(target=_end_with_input, daemon=True).start()
    if sys.argv[1] == "accept-slowly":
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        print(listening.getsockname()[1], flush=True)
        accept_slowly(listening)
    asyncio.run(main(*sys.argv[1:]))
