"""Authenticated miss: every request asks for a key never asked before, and is forwarded to a fast upstream.

The judged row is the same work on both sides: verified, forwarded, not stored. What looking and storing costs on top
stands beside it.
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks import wrk
from benchmarks.comparison import Goal, Section, alternate
from benchmarks.contestants.base import Contestant
from benchmarks.contestants.gateway import start_gateway, start_valkey
from benchmarks.contestants.haproxy import start_haproxy
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew, pin
from benchmarks.tokens import make_tokens
from benchmarks.works.hit import TOKENS
from benchmarks.works.plan import Pace
from benchmarks.works.saturation import beside, rate_rows
from benchmarks.wrk import Measured

OURS = "ours, forwarded without storing"
STORING = "ours, looked up, claimed and stored"
STORING_ON_ONE_CORE = f"{STORING}, Valkey on the same core"


def measure_misses(folder: Path, pace: Pace) -> list[Section]:
    """One section."""
    with Crew(folder) as crew:
        upstream = start_nginx(crew, core=GENERATOR_CORE).url
        valkey = start_valkey(crew)
        tokens = make_tokens(folder, TOKENS, "HS256")
        storing = start_gateway(crew, upstream, valkey, tokens, core=SERVER_CORE)
        ours = start_gateway(crew, upstream, valkey, tokens, core=SERVER_CORE, changed={"cache_ttl_s": 0})
        peer = start_haproxy(crew, upstream, tokens, core=SERVER_CORE, has_cache=False)

        def ask(whom: Contestant, valkey_core: int = GENERATOR_CORE) -> Measured:
            pin(valkey.pid, [valkey_core])
            return wrk.measure(whom.url, tokens, pace.duration_s, whom.pids, keys="unique")

        contestants: dict[str, Callable[[], Measured]] = {
            OURS: lambda: ask(ours),
            STORING: lambda: ask(storing),
            STORING_ON_ONE_CORE: lambda: ask(storing, SERVER_CORE),
            peer.name: lambda: ask(peer),
        }
        for warm_up in contestants.values():
            warm_up()
        measured = alternate(contestants, pace.rounds)
    return [
        Section(
            f"Authenticated miss, forwarded to a fast upstream, {wrk.CONNECTIONS} connections, one core",
            (
                beside(measured, OURS, peer.name, Goal(0.4)),
                beside(measured, STORING, peer.name),
                beside(measured, STORING_ON_ONE_CORE, peer.name),
                *rate_rows(measured),
            ),
            (
                "Without storing (`cache_ttl_s = 0`) ours does what HAProxy does: it verifies and forwards.",
                "HAProxy verifies each signature; ours remembers verified tokens, and also knows revoked ones.",
                "With storing, ours also looks in Valkey, claims the fetch for all gateways, and stores each answer.",
                "The upstream (nginx `return`) is on the generator's core, and so is Valkey unless said otherwise.",
            ),
        )
    ]
