"""Once a second: what the system does now, put on the board. A system that has gone is told, and looked for again."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import psutil

from scalelab.contracts.stack_view import StackView
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import PlayableSystem
from scalelab.lab.watch.board import Board
from scalelab.lab.watch.playing import offers
from scalelab.lab.watch.poller import Poller
from scalelab.lab.watch.sampling import Sample, sample_of
from scalelab.lab.watch.standing import SPAN_SAMPLES, standing_verdict

INTERVAL_S = 1.0
LONGEST_SHARE = 0.05
"""Of the time may go into asking the deployment which parts there are; containers are asked less often for it."""


async def sample_forever(board: Board, find: Callable[[], PlayableSystem]) -> None:
    """Until cancelled."""
    view: StackView | None = None
    next_view_s = time.monotonic()
    recent: deque[Sample] = deque(maxlen=SPAN_SAMPLES)
    async with Poller() as poller:
        while True:
            began_s = time.monotonic()
            if view is None or began_s >= next_view_s:
                view = await _view(board, find)
                next_view_s = began_s + (time.monotonic() - began_s) / LONGEST_SHARE
            if view is not None:
                looks = await poller.looks(view.services)
                recent.append(sample_of(time.time(), time.monotonic(), looks))
                board.add_sample(recent[-1])
                board.set_state("verdict", standing_verdict(recent, psutil.cpu_count() or 1))
            await asyncio.sleep(INTERVAL_S - (time.monotonic() - began_s) % INTERVAL_S)


async def _view(board: Board, find: Callable[[], PlayableSystem]) -> StackView | None:
    def look() -> tuple[StackView, dict[str, str]]:
        system = find()
        return system.view(), offers(system.not_offered())

    try:
        view, offered = await asyncio.to_thread(look)
    except SystemGoneError as error:
        board.set_state("stack", {"trouble": str(error)})
        return None
    board.set_state("stack", stack_state(view))
    board.set_state("offers", offered)
    return view


def stack_state(view: StackView) -> dict[str, Any]:
    """What viewers are told of the stack: no password, no nonce."""
    topology = view.topology
    return {
        "trouble": "",
        "name": view.name,
        "is_ready": view.ready,
        "url": view.url,
        "settings": {
            "balancer": topology.load_balancer.engine,
            "policy": topology.load_balancer.policy,
            "policies": topology.load_balancer.policies,
            "upstream_slots": topology.api_gateway.upstream_slots,
            "cache_ttl_s": topology.api_gateway.cache_ttl_s,
            "database_delay_s": topology.database.delay.mean_s,
            "pool_size": topology.database.pool_size,
            "records": topology.database.records,
            "gateways": topology.api_gateway.replicas,
            "workers": topology.worker.replicas,
        },
    }
