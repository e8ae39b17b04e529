"""Brings a system into the state that a scenario starts from: scaled, quiet, warm, and with a known cache."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from scalelab.contracts.http_names import CACHE_HEADER
from scalelab.contracts.stack_view import ServiceView, StackView
from scalelab.lab.probes.exposition import busy_metrics
from scalelab.lab.probes.rows import QUIET_METRICS
from scalelab.lab.system_client import SystemAnswerError, SystemClient

QUIET_LIMIT_S = 120.0
QUIET_ROUNDS = 2
"""Looks in a row that must find nothing under way."""
POLL_S = 0.2
FILLERS = 4
ANSWER_LIMIT_S = 30.0
_SHOWN = 5


class PreparationError(Exception):
    """Raised when a scenario's starting state cannot be reached; the message says what stands in the way."""


def wait_until_quiet(
    view: StackView,
    limit_s: float = QUIET_LIMIT_S,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when no service has anything in flight, in a slot or in a queue.

    Raises:
        PreparationError: still busy, or without metrics, at the limit.
    """
    deadline_s = monotonic() + limit_s
    quiet_rounds = 0
    while quiet_rounds < QUIET_ROUNDS:
        busy = list(_what_is_busy(view.services))
        quiet_rounds = 0 if busy else quiet_rounds + 1
        if busy and monotonic() >= deadline_s:
            raise PreparationError(f"still busy after {limit_s:g} s: {'; '.join(busy[:_SHOWN])}")
        sleep(POLL_S)


def flush_cache(view: StackView) -> None:
    """Empty the response cache of all gateways.

    Raises:
        PreparationError: no gateway did it.
    """
    gateway = next((service for service in view.services if service.name == "api_gateway"), None)
    if gateway is None:
        raise PreparationError("there is no gateway whose cache could be flushed")
    try:
        SystemClient(gateway.admin_url).flush_cache(view.nonce)
    except SystemAnswerError as error:
        raise PreparationError(str(error)) from error


def fill_cache(view: StackView, paths: Sequence[str]) -> None:
    """Ask for every path, so that its answer is cached; then ask again, and demand that all are hits.

    Raises:
        PreparationError: a request failed, or an answer came from elsewhere than the cache.
    """
    client = SystemClient(view.url, ANSWER_LIMIT_S)
    try:
        token = client.log_in(view.accounts_to_ask_as[0])
        with ThreadPoolExecutor(FILLERS, thread_name_prefix="fill-cache") as pool:
            list(pool.map(lambda path: client.get(path, token), paths))
            seen = list(pool.map(lambda path: client.get(path, token).headers.get(CACHE_HEADER.lower()), paths))
    except SystemAnswerError as error:
        raise PreparationError(f"the cache could not be filled: {error}") from error
    others = [f"{path}: {answer}" for path, answer in zip(paths, seen, strict=True) if answer != "HIT"]
    if others:
        raise PreparationError(f"{len(others)} of {len(paths)} hot answers are not cached: {others[:_SHOWN]}")


def _what_is_busy(services: Sequence[ServiceView]) -> Iterator[str]:
    for service in services:
        if not service.admin_url:
            continue
        try:
            busy = busy_metrics(SystemClient(service.admin_url).metrics(), QUIET_METRICS)
        except SystemAnswerError as error:
            yield str(error)
            continue
        for name, value in busy.items():
            yield f"{service.instance}: {name} = {value:g}"
