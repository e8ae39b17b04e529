"""The life of the service: sockets, engine, control socket, and a stop that lets requests finish."""

import asyncio
import resource
import signal
from contextlib import ExitStack, suppress
from socket import socket

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import Listeners
from scalelab.stack.load_balancer.control_socket import control_socket
from scalelab.stack.load_balancer.engines import ENGINES
from scalelab.stack.load_balancer.supervision import SupervisedEngine
from scalelab.stack.service_kit.listening import open_listener


async def run_balancer(settings: BalancerSettings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        EngineMissing: the engine is not installed.
        EngineFailed: it did not start.
        OSError, ValueError: an address cannot be listened on.
    """
    stopping = _stop_signals()
    _raise_file_limit()
    settings.runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as sockets:
        traffic = sockets.enter_context(_open("listen", settings.listen))
        admin = sockets.enter_context(_open("admin_listen", settings.admin_listen))
        engine, log_line = ENGINES[settings.engine](settings, _listeners(traffic, admin))
        supervised = SupervisedEngine(engine, settings, log_line)
        try:
            await supervised.start()
            async with control_socket(settings.control_socket, supervised):
                await _supervise_until(stopping, supervised)
            sockets.close()  # from here on a new connection is refused, not left waiting
        finally:
            await supervised.stop(settings.graceful_timeout_s)


async def _supervise_until(stopping: asyncio.Event, supervised: SupervisedEngine) -> None:
    supervising = asyncio.create_task(supervised.supervise(), name="supervise")
    told = asyncio.create_task(stopping.wait(), name="stop-signal")
    try:
        await asyncio.wait({supervising, told}, return_when=asyncio.FIRST_COMPLETED)
        if supervising.done():
            supervising.result()
    finally:
        told.cancel()
        supervising.cancel()
        with suppress(asyncio.CancelledError):
            await supervising


def _open(field: str, address: str) -> socket:
    try:
        return open_listener(address)
    except OSError as error:
        raise OSError(f"{field} = {address}: {error.strerror or error}; is it in use? choose another one") from error


def _listeners(traffic: socket, admin: socket) -> Listeners:
    return Listeners(traffic.fileno(), admin.fileno())


def _stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS refuses an infinite limit; then the soft one stays
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
