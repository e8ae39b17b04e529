"""A closed system on paper, second by second from its first user: what a run that is cut short would print. Pure.

One first-in-first-out queue and a constant service time; theory for the steady state is in `closed_loop`.
"""

import heapq
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class ClosedQueue:
    """Users who come one after the other, ask, wait for the answer, think, and ask again."""

    users: int
    spawn_rate_per_s: float
    think_time_min_s: float
    think_time_max_s: float
    servers: int
    """Requests served at a time, from one queue: evenly loaded gateways are so many servers."""
    service_s: float


@dataclass(frozen=True)
class CutRun:
    """What had happened when the load was cut."""

    completed: int
    response_mean_s: float
    """Of the completed: an ordinary report prints it as the mean response."""
    throughput_per_s: float
    """Completed / duration, ramp included."""
    in_flight: int
    """Asked, and without an answer."""


def simulate_cut(queue: ClosedQueue, duration_s: float, seed: int) -> CutRun:
    """Run it from an empty system, and cut it.

    Args:
        queue: the system and its users.
        duration_s: from the first user's arrival.
        seed: of the think times.
    """
    draws = Random(seed)  # noqa: S311  a sequence that can be had again
    requests = [user / queue.spawn_rate_per_s for user in range(queue.users)]
    """When the next request of each user comes: a heap."""
    servers_free_at_s = [0.0] * queue.servers
    completed, asked, response_sum_s = 0, 0, 0.0
    while requests and requests[0] < duration_s:
        asked_at_s = heapq.heappop(requests)
        asked += 1
        done_at_s = max(asked_at_s, servers_free_at_s[0]) + queue.service_s
        heapq.heapreplace(servers_free_at_s, done_at_s)
        if done_at_s <= duration_s:
            completed += 1
            response_sum_s += done_at_s - asked_at_s
        think_s = draws.uniform(queue.think_time_min_s, queue.think_time_max_s)
        heapq.heappush(requests, done_at_s + think_s)
    return CutRun(
        completed=completed,
        response_mean_s=response_sum_s / completed if completed else 0.0,
        throughput_per_s=completed / duration_s,
        in_flight=asked - completed,
    )
