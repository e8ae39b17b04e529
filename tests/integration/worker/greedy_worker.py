"""A worker whose tasks hold the interpreter for as long as they last: nothing else of the process runs meanwhile."""

import asyncio
import ctypes
import os

from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.service_kit.logs import configure_logs
from scalelab.stack.service_kit.parent_watch import die_with_parent
from scalelab.stack.service_kit.serving import load_settings_or_exit
from scalelab.stack.worker.app import serve
from scalelab.stack.worker.lease_keeper import lease_keeper


def greedy_job(source):
    async def run(claim, _report):
        await source.fetch(claim.request.first_key, 1)  # so that each execution is seen from outside
        ctypes.PyDLL(None).usleep(round(claim.request.duration_s * 1e6))  # PyDLL: without letting the lock go
        return {"records": 1}

    return run


if __name__ == "__main__":
    die_with_parent(os.getppid())
    settings = load_settings_or_exit(WorkerSettings)
    configure_logs(settings)
    with lease_keeper(settings) as keeper:
        asyncio.run(serve(settings, keeper, greedy_job))
