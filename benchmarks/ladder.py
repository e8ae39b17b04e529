"""What each stage of the gateway's request path costs, by asking for ever more of it: `python -m benchmarks.ladder`.

CPU time of the gateway per request, which a shared machine disturbs less than throughput.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import wrk
from benchmarks.comparison import Figure, alternate
from benchmarks.contestants.base import Contestant
from benchmarks.contestants.gateway import start_gateway, start_valkey
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew
from benchmarks.results_page import number
from benchmarks.tokens import Tokens, make_tokens
from benchmarks.works.hit import TOKENS

ROUNDS = 5
DURATION_S = 2


@dataclass(frozen=True)
class Rung:
    """What is asked, of a gateway with which settings."""

    what: str
    path: str
    keys: str
    settings: Mapping[str, object] = field(default_factory=dict)


RUNGS = (
    Rung("hit path: the whole answer", "/data", "same"),
    Rung("`/health`: server, framework, request id, metrics", "/health", "same"),
    Rung(
        "hit on the long way, cache in the process: also token and cache",
        "/data",
        "same",
        {"hit_path": False, "direct_path": False, "cache_url": "memory:"},
    ),
    Rung("hit on the long way, cache in Valkey", "/data", "same", {"hit_path": False, "direct_path": False}),
    Rung(
        "miss, cache in the process: also the upstream",
        "/data",
        "unique",
        {"hit_path": False, "direct_path": False, "cache_url": "memory:"},
    ),
    Rung(
        "miss around the framework, nothing looked up or stored: token and upstream",
        "/data",
        "unique",
        {"cache_ttl_s": 0},
    ),
    Rung("miss around the framework, cache in Valkey: look, claim, store", "/data", "unique"),
    Rung("the same through the framework", "/data", "unique", {"direct_path": False}),
)


def main() -> int:
    """Prints one table."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Crew(Path(folder)) as crew:
        upstream = start_nginx(crew, core=GENERATOR_CORE).url
        valkey, tokens = start_valkey(crew), make_tokens(crew.folder, TOKENS, "HS256")
        asked = {}
        for rung in RUNGS:
            gateway = start_gateway(crew, upstream, valkey, tokens, core=SERVER_CORE, changed=rung.settings)
            asked[rung.what] = partial(_cpu_us, rung, gateway, tokens)
            asked[rung.what]()
        costs_us = {what: Figure.of(costs) for what, costs in alternate(asked, ROUNDS).items()}
    print("| asked | CPU, µs per request | least | greatest |\n| --- | ---: | ---: | ---: |")
    for what, cost in costs_us.items():
        print(f"| {what} | {number(cost.median)} | {number(cost.least)} | {number(cost.greatest)} |")
    return 0


def _cpu_us(rung: Rung, gateway: Contestant, tokens: Tokens) -> float:
    measured = wrk.measure(gateway.url, tokens, DURATION_S, gateway.pids, keys=rung.keys, path=rung.path)
    return 1e6 * measured.server_cpu_share / measured.rate_per_s


if __name__ == "__main__":
    sys.exit(main())
