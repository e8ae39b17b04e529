"""A server that answers every request a fixed time after it came, and is idle meanwhile. A program: port, seconds."""

import asyncio
import sys
from typing import cast

import uvloop

from benchmarks.contestants.base import BODY, Contestant
from benchmarks.processes import Crew, free_port

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class _Answering(asyncio.Protocol):
    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one, but not by inheritance

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(self._delay_s, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)


async def _serve(port: int, delay_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(delay_s), "127.0.0.1", port)
    await server.serve_forever()


def start_slow_server(crew: Crew, delay_s: float, *, core: int) -> Contestant:
    """Start it; returns when it answers."""
    port = free_port()
    log = f"slow-{port}"
    pid = crew.start(
        log, [sys.executable, "-m", "benchmarks.contestants.slow_server", str(port), str(delay_s)], core=core
    )
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, url)
    return Contestant(f"server that takes {delay_s * 1000:g} ms", url, (pid,))


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
