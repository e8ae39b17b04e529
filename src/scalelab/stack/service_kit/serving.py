"""Serves an ASGI application under Gunicorn with Uvicorn's worker: uvloop, httptools, one worker process.

An instance is one worker: its slots, caches and counters are whole, and capacity comes from more instances.
"""

import asyncio
import gc
import logging
import math
import resource
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from starlette.types import ASGIApp
from uvicorn_worker import UvicornWorker

from scalelab.contracts.service_settings import ServiceSettings
from scalelab.stack.service_kit.bounded_protocol import BoundedProtocol
from scalelab.stack.service_kit.cannot_start import CannotStartError, log_cannot_start
from scalelab.stack.service_kit.connection_room import ConnectionRoom, most_connections
from scalelab.stack.service_kit.logs import configure_logs
from scalelab.stack.service_kit.message_rules import Bounds
from scalelab.stack.service_kit.parent_watch import die_with_parent
from scalelab.stack.service_kit.settings import SettingsError, load_settings

KEEP_ALIVE_S = 75
"""Idle time of a server connection; longer than any client of ours keeps one."""
BACKLOG = 2048
CLEAN_UP_S = 2
"""What a worker gets after its last request, to close pools and clients, before Gunicorn kills it."""
OBJECTS_BETWEEN_COLLECTIONS = 10_000
"""Containers that have come and not gone; what a request makes goes by itself, so few are left for the collector."""
_USAGE_EXIT_CODE = 2
_UVICORN_LOGGERS = ("uvicorn.error", "uvicorn.access")

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class ServiceWorker(UvicornWorker):  # type: ignore[misc]  # no types
    """Uvicorn's worker with our protocol choices and a bounded graceful stop."""

    CONFIG_KWARGS = {  # noqa: RUF012  the base class declares it so
        "loop": "uvloop",
        "http": BoundedProtocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "date_header": False,  # RequestContext says it, unless the answer brings its origin's own
        "proxy_headers": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.timeout_graceful_shutdown = max(0, self.cfg.graceful_timeout - CLEAN_UP_S)
        for name in _UVICORN_LOGGERS:  # the base class took them away from the structured logs
            logging.getLogger(name).propagate = True

    def init_process(self) -> None:
        """Runs in the worker right after the fork."""
        die_with_parent(self.ppid)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application. What it consists of lives as long as the process: the collector leaves it alone."""
        super().load_wsgi()
        gc.collect()
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)


def worker_speaking(http_protocol: Callable[..., asyncio.Protocol]) -> type[ServiceWorker]:
    """The worker that makes its connections so."""

    class SpeakingWorker(ServiceWorker):
        CONFIG_KWARGS = {**ServiceWorker.CONFIG_KWARGS, "http": http_protocol}  # noqa: RUF012  as above

    return SpeakingWorker


class _GunicornApplication(BaseApplication):  # type: ignore[misc]  # no types
    def __init__(self, options: dict[str, object], load: Callable[[], ASGIApp]) -> None:
        self._options = options
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:  # older Gunicorns lack the newest settings
                self.cfg.set(name, value)

    def load(self) -> ASGIApp:
        try:
            return self._load()
        except CannotStartError as error:
            log_cannot_start(error)
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from error


def run_service(
    model: type[SettingsT],
    create_app: Callable[[SettingsT], ASGIApp],
    *,
    http_protocol: type[BoundedProtocol] = BoundedProtocol,
) -> None:
    """The whole `main` of an HTTP service: read the settings, then serve until told to stop.

    Args:
        model: of the settings.
        create_app: the application from them.
        http_protocol: speaks HTTP/1.1.
    """
    settings = load_settings_or_exit(model)
    configure_logs(settings)
    bounds = Bounds(settings.head_timeout_s, settings.body_timeout_s)
    room = ConnectionRoom(most_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    options: dict[str, object] = {
        "bind": [settings.listen],
        "worker_class": worker_speaking(partial(http_protocol, bounds=bounds, room=room)),
        "workers": 1,
        "backlog": BACKLOG,
        "keepalive": KEEP_ALIVE_S,
        "graceful_timeout": math.ceil(settings.graceful_timeout_s) + CLEAN_UP_S,  # Gunicorn wants whole seconds
        "control_socket_disable": True,
        "logger_class": "scalelab.stack.service_kit.gunicorn_logs.QuietLogger",
        "proc_name": settings.instance,
    }
    _GunicornApplication(options, lambda: create_app(settings)).run()


def load_settings_or_exit(model: type[SettingsT]) -> SettingsT:
    """The settings, or one line on standard error and exit code 2."""
    try:
        return load_settings(model)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  the logs are configured by these very settings
        raise SystemExit(_USAGE_EXIT_CODE) from error
