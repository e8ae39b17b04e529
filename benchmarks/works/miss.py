"""Authenticated miss: every request asks for a key never asked before, and is forwarded to a fast upstream."""

from pathlib import Path

from benchmarks import wrk
from benchmarks.comparison import Goal, Section, alternate
from benchmarks.contestants.gateway import start_gateway, start_valkey
from benchmarks.contestants.haproxy import start_haproxy
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew, pin
from benchmarks.tokens import make_tokens
from benchmarks.works.hit import TOKENS
from benchmarks.works.plan import Pace
from benchmarks.works.saturation import beside, rate_rows
from benchmarks.wrk import Measured

OURS, OURS_ON_ONE_CORE = "ours", "ours, Valkey on the same core"


def measure_misses(folder: Path, pace: Pace) -> list[Section]:
    """One section."""
    with Crew(folder) as crew:
        upstream = start_nginx(crew, core=GENERATOR_CORE).url
        valkey = start_valkey(crew)
        tokens = make_tokens(folder, TOKENS, "HS256")
        ours = start_gateway(crew, upstream, valkey, tokens, core=SERVER_CORE)
        peer = start_haproxy(crew, upstream, tokens, core=SERVER_CORE, has_cache=False)

        def ask_ours(valkey_core: int) -> Measured:
            pin(valkey.pid, [valkey_core])
            return wrk.measure(ours.url, tokens, pace.duration_s, ours.pids, keys="unique")

        def ask_peer() -> Measured:
            return wrk.measure(peer.url, tokens, pace.duration_s, peer.pids, keys="unique")

        contestants = {
            OURS: lambda: ask_ours(GENERATOR_CORE),
            OURS_ON_ONE_CORE: lambda: ask_ours(SERVER_CORE),
            peer.name: ask_peer,
        }
        for ask in contestants.values():
            ask()
        measured = alternate(contestants, pace.rounds)
    return [
        Section(
            f"Authenticated miss, forwarded to a fast upstream, {wrk.CONNECTIONS} connections, one core",
            (
                beside(measured, OURS, peer.name, Goal(0.4)),
                beside(measured, OURS_ON_ONE_CORE, peer.name),
                *rate_rows(measured),
            ),
            (
                "HAProxy verifies and forwards; ours also looks in Valkey, and stores each answer there.",
                "The upstream (nginx `return`) is on the generator's core, and so is Valkey unless said otherwise.",
            ),
        )
    ]
