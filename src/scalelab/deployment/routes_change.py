"""Other routes for all gateways of a running stack, or for none of them.

First each gateway says whether it could take them, then each is told to until it has; one that starts meanwhile reads
them in its settings. When one does not take them in time, all get back those of before.
"""

import time
from collections.abc import Callable, Mapping

from scalelab.contracts.routes import RoutesChange, RouteTable
from scalelab.deployment.errors import RoutesError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.readiness import put_routes

TAKE_LIMIT_S = 15.0
"""Longest wait for every gateway."""
_POLL_S = 0.05

Put = Callable[[Endpoint, str, RoutesChange], str]


def demand_takeable(gateways: Mapping[str, Endpoint], nonce: str, table: RouteTable, put: Put = put_routes) -> None:
    """Return when each gateway has said that it could take `table`.

    Raises:
        RoutesError: one could not, or did not answer. Nothing has changed.
    """
    reasons = _put_all(gateways, nonce, RoutesChange(table=table, is_trial=True), put)
    if reasons:
        raise RoutesError(f"the routes are as they were; not every gateway could take others ({_told(reasons)})")


def await_taken(
    gateways: Mapping[str, Endpoint],
    nonce: str,
    table: RouteTable,
    put: Put = put_routes,
    *,
    limit_s: float = TAKE_LIMIT_S,
    clock_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when each gateway has taken `table`.

    Raises:
        RoutesError: one did not in time; the others have it.
    """
    deadline_s = clock_s() + limit_s
    left: Mapping[str, Endpoint] = gateways
    while reasons := _put_all(left, nonce, RoutesChange(table=table, is_trial=False), put):
        if clock_s() >= deadline_s:
            raise RoutesError(f"not every gateway took the routes ({_told(reasons)})")
        left = {name: gateways[name] for name in reasons}
        sleep(_POLL_S)


Give = Callable[[Mapping[str, Endpoint], str, RouteTable, Put], None]


def change_at_all(
    gateways: Mapping[str, Endpoint],
    nonce: str,
    before: RouteTable,
    table: RouteTable,
    remember: Callable[[RouteTable], None],
    put: Put = put_routes,
    give: Give = await_taken,
) -> None:
    """Return when each gateway has `table`.

    Args:
        gateways: admin listeners by instance.
        nonce: the stack's.
        before: what they have.
        table: what they are to have.
        remember: called with what a gateway that starts from now on is to have.
        put: gives a gateway its routes; why it did not take them, or nothing.
        give: see `await_taken`.

    Raises:
        RoutesError: they have those of before, but for gateways that the message names as lost.
    """
    demand_takeable(gateways, nonce, table, put)
    remember(table)
    try:
        give(gateways, nonce, table, put)
    except RoutesError as error:
        remember(before)
        try:
            give(gateways, nonce, before, put)
        except RoutesError as lost:
            raise RoutesError(f"{error}; {lost} of before either: stop the stack and start it again") from lost
        raise


def _put_all(gateways: Mapping[str, Endpoint], nonce: str, change: RoutesChange, put: Put) -> dict[str, str]:
    return {name: reason for name, admin in gateways.items() if (reason := put(admin, nonce, change))}


def _told(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"{instance}: {reason}" for instance, reason in reasons.items())
