"""The balancer service: its engines beside HAProxy, in front of the same upstreams."""

from pathlib import Path

from benchmarks.comparison import Goal, Section
from benchmarks.contestants.balancer import start_balancer
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew
from benchmarks.tokens import make_tokens
from benchmarks.works.hit import TOKENS
from benchmarks.works.plan import Pace
from benchmarks.works.saturation import Load, beside, rate_rows, saturate
from scalelab.contracts.topology import BalancerEngine

_GOAL = 0.25
_ENGINES: tuple[BalancerEngine, ...] = ("haproxy", "envoy", "nginx", "python")


def measure_balancers(folder: Path, pace: Pace) -> list[Section]:
    """One section."""
    with Crew(folder) as crew:
        upstreams = [start_nginx(crew, core=GENERATOR_CORE).url for _ in range(2)]
        tokens = make_tokens(folder, TOKENS, "HS256")
        measured = saturate(
            {
                f"engine = {engine}": Load(start_balancer(crew, engine, upstreams, core=SERVER_CORE), tokens)
                for engine in _ENGINES
            },
            pace,
        )
    haproxy, *others, python = measured
    return [
        Section(
            "Balancer engines, one core",
            (
                beside(measured, python, haproxy, Goal(_GOAL)),
                *(beside(measured, other, haproxy) for other in others),
                *rate_rows(measured),
            ),
            ("The Python engine is the portable fallback, and the place to try a policy: it is not meant to win.",),
        )
    ]
