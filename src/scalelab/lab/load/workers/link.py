"""Stands for one generator process on another machine: speaks with its supervisor as a generator does, through pipes.

`python -m scalelab.lab.load.workers.link`. Translates the start into the other machine's time. Ends when standard
input does, and the worker's generator with it.
"""

import asyncio
import hashlib
import secrets
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType
from pydantic import ValidationError

from scalelab import __version__
from scalelab.lab.load.generator_messages import STOP_LINE, Go, Report
from scalelab.lab.load.workers.addresses import WorkerAddress
from scalelab.lab.load.workers.clock_offset import ClockOffset, RoundTrip, offset_of
from scalelab.lab.load.workers.messages import (
    ANSWERS,
    HEARTBEAT_S,
    MOST_BYTES,
    NONCE_HEADER,
    PATH,
    PROOF_HEADER,
    Answer,
    Begin,
    LinkOrder,
    Ping,
    Pong,
    Refusal,
    Stop,
    Welcome,
)
from scalelab.lab.load.workers.trust import is_proven, proof_of

_CONNECT_LIMIT_S = 10.0
_ROUND_TRIPS = 20
_BETWEEN_ROUND_TRIPS_S = 0.005
_WRONG_SECRET = "it has another secret: give the same file to --secret-file there and --workers-secret-file here"  # noqa: S105  no secret


class LinkError(Exception):
    """Raised when there is no load from that worker, or no more of it; the message says why."""


def main() -> None:
    """Entry point: the reason of a failure is the last line on standard error."""
    try:
        asyncio.run(_link())
    except LinkError as error:
        sys.exit(str(error))


async def _link() -> None:
    lines = await _standard_input()
    order = LinkOrder.model_validate_json(await lines.readline())
    async with _connected(order) as socket:
        await socket.send_str(order.assignment.model_dump_json())
        await _await_ready(socket)
        offset = await _measure_clock(socket)
        _write(Report(kind="ready", clock_uncertainty_s=offset.uncertainty_s).model_dump_json().encode() + b"\n")
        instructing = asyncio.create_task(_instruct(lines, socket, offset), name="instructions")
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                _write(message.data)
            else:
                raise LinkError(_trouble(message))
        instructing.cancel()
        if socket.close_code != aiohttp.WSCloseCode.OK:
            raise LinkError("the connection to it was lost")


@asynccontextmanager
async def _connected(order: LinkOrder) -> AsyncIterator[ClientWebSocketResponse]:
    """A connection to a worker that has proven that it knows the secret, and runs our version."""
    address, nonce = order.address, secrets.token_hex(16)
    fingerprint = await asyncio.to_thread(_fingerprint_of, address)
    headers = {NONCE_HEADER: nonce, PROOF_HEADER: proof_of(order.secret, "coordinator", nonce, fingerprint)}
    async with aiohttp.ClientSession() as session:
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S):
                socket = await session.ws_connect(
                    f"https://{address}{PATH}",
                    headers=headers,
                    ssl=aiohttp.Fingerprint(fingerprint),
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=MOST_BYTES,
                )
                welcome = await _answer(socket)
        except aiohttp.WSServerHandshakeError as error:
            is_unknown = error.status == HTTPStatus.UNAUTHORIZED
            raise LinkError(_WRONG_SECRET if is_unknown else f"it answered with status {error.status}") from error
        except TimeoutError as error:
            raise LinkError(f"it gave no answer within {_CONNECT_LIMIT_S:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise LinkError(f"cannot connect: {error}") from error
        if not isinstance(welcome, Welcome) or not is_proven(
            welcome.proof, order.secret, "worker", nonce, fingerprint
        ):
            raise LinkError(_WRONG_SECRET)
        if welcome.version != __version__:
            raise LinkError(f"it runs version {welcome.version}, this is {__version__}: install the same on both")
        yield socket


def _fingerprint_of(address: WorkerAddress) -> bytes:
    """Of the certificate that is shown there; who shows it is proven later, by the secret."""
    try:
        text = ssl.get_server_certificate((address.host, address.port), timeout=_CONNECT_LIMIT_S)
    except OSError as error:
        raise LinkError(f"cannot connect: {error.strerror or error}") from error
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).digest()


async def _await_ready(socket: ClientWebSocketResponse) -> None:
    message = await socket.receive()
    if message.type is not WSMsgType.BINARY:
        raise LinkError(_trouble(message))


async def _measure_clock(socket: ClientWebSocketResponse) -> ClockOffset:
    trips = []
    for _ in range(_ROUND_TRIPS):
        sent_s = time.monotonic()
        await socket.send_str(Ping().model_dump_json())
        answer = await _answer(socket)
        if not isinstance(answer, Pong):
            raise LinkError(f"it did not tell the time: {answer!r}")
        trips.append(RoundTrip(sent_s, answer.clock_s, time.monotonic()))
        await asyncio.sleep(_BETWEEN_ROUND_TRIPS_S)
    return offset_of(trips)


async def _answer(socket: ClientWebSocketResponse) -> Answer:
    message = await socket.receive()
    if message.type is not WSMsgType.TEXT:
        raise LinkError(_trouble(message))
    return _parsed(message.data)


def _parsed(text: str) -> Answer:
    try:
        return ANSWERS.validate_json(text)
    except ValidationError as error:
        raise LinkError("it does not speak as a load worker does") from error


def _trouble(message: aiohttp.WSMessage) -> str:
    if message.type is WSMsgType.TEXT:
        answer = _parsed(message.data)
        return answer.reason if isinstance(answer, Refusal) else f"it spoke out of turn: {answer!r}"
    return (
        "the connection to it was lost" if message.data is None else f"the connection to it was lost: {message.data}"
    )


async def _standard_input() -> asyncio.StreamReader:
    lines = asyncio.StreamReader(limit=MOST_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    return lines


async def _instruct(lines: asyncio.StreamReader, socket: ClientWebSocketResponse, offset: ClockOffset) -> None:
    """Pass on what the supervisor says; when it is gone, let the worker go, too."""
    while line := await lines.readline():
        if line == STOP_LINE:
            instruction: Begin | Stop = Stop()
        else:
            instruction = Begin(start_s=offset.on_other_clock(Go.model_validate_json(line).start_s))
        await socket.send_str(instruction.model_dump_json())
    await socket.close()


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
