"""A server whose truth is known, in a process of its own: `known_server.py BEHAVIOUR [CERTIFICATE KEY]`.

Prints its port. Counts the requests it read; `GET /count` tells how many, and is not counted itself.
"""

# ruff: noqa: T201  its output is how the test finds it
import asyncio
import itertools
import socket
import ssl
import struct
import sys
import time

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


class KnownServer:
    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.requests = 0
        self.connections = 0
        self.one_at_a_time = asyncio.Lock()

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                body = await reader.readexactly(length)
                if path == "/count":
                    text = b"%d" % self.requests
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
                    continue
                self.requests += 1
                if not await self.answer(writer, path, number, head, body):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def answer(self, writer, path, number, head, body):
        """Whether the connection goes on."""
        if self.behaviour == "reset-every-tenth" and number % 10 == 0:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return False
        if self.behaviour == "serial":
            async with self.one_at_a_time:
                await asyncio.sleep(0.02)
        elif self.behaviour.startswith("delay="):
            await asyncio.sleep(float(self.behaviour.removeprefix("delay=")))
        if self.behaviour == "echo":
            text = head + body
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
            print(text.decode().replace("\r\n", "|"), flush=True)
        elif self.behaviour == "reset-every-tenth":
            writer.write(CLOSING)
            return False
        elif self.behaviour == "refuse" or (self.behaviour == "refuse-some" and path == "/bad"):
            writer.write(REFUSAL)
        else:
            writer.write(FORMS.get(path, ANSWER))
        return path not in CLOSED_AFTER


def accept_slowly(listener):
    """One connection each 50 ms, answered once, by hand."""
    for _ in itertools.count():
        time.sleep(0.05)
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(CLOSING)
        connection.close()


async def main(behaviour, *certificate):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    server = await asyncio.start_server(KnownServer(behaviour).serve, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "accept-slowly":
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        print(listening.getsockname()[1], flush=True)
        accept_slowly(listening)
    asyncio.run(main(*sys.argv[1:]))
