"""One run of a child."""

import asyncio
import signal
import sys

from scalelab.stack.load_balancer.base import EngineCommand
from scalelab.stack.load_balancer.engine_process import EngineProcess

QUICK = EngineCommand((sys.executable, "-c", "print('bye', file=__import__('sys').stderr)"))

LASTING = EngineCommand((sys.executable, "-c", "import time; time.sleep(60)"))


async def test_who_has_ended_can_be_told_to_stop():
    """It may end at any moment, also between a look and a signal: that is no fault."""
    lines = []
    process = await EngineProcess.start(QUICK, lines.append)
    await process.ended()

    process.send(signal.SIGUSR1)
    await process.stop(signal.SIGTERM, 0.0)

    assert process.has_ended
    assert lines == ["bye"]


async def test_several_may_wait_for_its_end():
    """And one of them give up, without the others."""
    process = await EngineProcess.start(LASTING, lambda _line: None)
    waiting = [asyncio.create_task(process.ended()) for _ in range(2)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    await process.stop(signal.SIGTERM, 10.0)

    assert await waiting[1] == -signal.SIGTERM
