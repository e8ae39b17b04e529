"""`scalelab load-worker`: this machine makes load for a coordinator on another one."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load_texts import usage
from scalelab.cli.load_workers import secret_of
from scalelab.lab.load.workers.addresses import AddressError, WorkerAddress, parse_address
from scalelab.lab.load.workers.limits import WorkerLimits
from scalelab.lab.load.workers.worker import LoadWorker

_DEFAULT = WorkerLimits()


def load_worker(
    *,
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Where.")] = "127.0.0.1:7100",
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", metavar="FILE", help="What coordinators have to know (0600).")
    ] = None,
    most_rate: Annotated[
        float, typer.Option("--max-rate", min=1, help="Requests/s that it makes at most.")
    ] = _DEFAULT.most_rate_per_s,
    most_users: Annotated[
        int, typer.Option("--max-users", min=1, help="Users of a closed load at most.")
    ] = _DEFAULT.most_users,
    longest: Annotated[
        float, typer.Option("--max-duration", min=1, help="Seconds that a load lasts at most, its drain included.")
    ] = _DEFAULT.longest_s,
) -> None:
    """Make load for `scalelab load --workers` on another machine, one load at a time, until interrupted."""
    address = _address(listen)
    secret = secret_of(secret_file)
    if not secret and not address.is_loopback:
        raise usage(
            f"--listen {address}: whoever reaches it could send load from here: give --secret-file FILE, "
            f"or listen on 127.0.0.1"
        )
    worker = LoadWorker(secret, WorkerLimits(most_rate, most_users, longest), lambda line: print(line, flush=True))
    try:
        asyncio.run(_serve(worker, address))
    except OSError as error:
        raise CommandError(f"cannot listen on {address}: {_reason(error)}", ExitCode.USAGE) from error


def _reason(error: OSError) -> str:
    """Without the address, which the message names already."""
    return (error.strerror or str(error)).partition(" (")[0]


def _address(text: str) -> WorkerAddress:
    try:
        return parse_address(text)
    except AddressError as error:
        raise usage(f"--listen {error}") from error


async def _serve(worker: LoadWorker, address: WorkerAddress) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with worker.listening(address) as bound:
        print(f"load worker listens on {bound}", flush=True)
        await ended.wait()
