"""One generator process on a worker's machine: it is told what the coordinator says, and its reports go back.

It ends with the connection, however that ends; and by itself, when this process is killed.
"""

import asyncio
import sys
import time
from contextlib import suppress

from aiohttp import WSMsgType, web

from scalelab.lab.load.generator_messages import STOP_LINE, Go, Order
from scalelab.lab.load.workers.messages import INSTRUCTIONS, MOST_BYTES, Begin, Ping, Pong, Refusal, Stop


async def relay(socket: web.WebSocketResponse, order: Order) -> None:
    """Run a generator for as long as the coordinator is there, and at most to the end of its load.

    Raises:
        pydantic.ValidationError: the coordinator said what is no instruction.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scalelab.lab.load.generator"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MOST_BYTES,
    )
    assert process.stdin is not None
    process.stdin.write(order.model_dump_json().encode() + b"\n")
    reporting = asyncio.create_task(_report(process, socket), name="reports")
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await _obey(message.data, process.stdin, socket)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)


async def _obey(text: str, orders: asyncio.StreamWriter, socket: web.WebSocketResponse) -> None:
    with suppress(ConnectionError):  # whoever has gone is noticed by those who read
        match INSTRUCTIONS.validate_json(text):
            case Ping():
                await socket.send_str(Pong(clock_s=time.monotonic()).model_dump_json())
            case Begin(start_s=start_s):
                orders.write(Go(start_s=start_s).model_dump_json().encode() + b"\n")
            case Stop():
                orders.write(STOP_LINE)


async def _report(process: asyncio.subprocess.Process, socket: web.WebSocketResponse) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    with suppress(ConnectionError):
        while line := await process.stdout.readline():
            await socket.send_bytes(line)
        if code := await process.wait():
            words = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
            reason = words[-1] if words else "no reason given"
            await socket.send_str(Refusal(reason=f"its generator ended with {code}: {reason}").model_dump_json())
        await socket.close()
