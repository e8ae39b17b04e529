"""The balancer service: its Python engine beside HAProxy, in front of the same upstreams."""

from pathlib import Path

from benchmarks.comparison import Goal, Section
from benchmarks.contestants.balancer import start_balancer
from benchmarks.contestants.nginx import start_nginx
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, Crew
from benchmarks.tokens import make_tokens
from benchmarks.works.hit import TOKENS
from benchmarks.works.plan import Pace
from benchmarks.works.saturation import Load, beside, rate_rows, saturate

_GOAL = 0.25


def measure_balancers(folder: Path, pace: Pace) -> list[Section]:
    """One section."""
    with Crew(folder) as crew:
        upstream = start_nginx(crew, core=GENERATOR_CORE).url
        tokens = make_tokens(folder, TOKENS, "HS256")
        haproxy = start_balancer(crew, "haproxy", upstream, core=SERVER_CORE)
        python = start_balancer(crew, "python", upstream, core=SERVER_CORE)
        measured = saturate(
            {"engine = haproxy": Load(haproxy, tokens), "engine = python": Load(python, tokens)}, pace
        )
    haproxy_engine, python_engine = measured
    return [
        Section(
            "Balancer engines, one core",
            (beside(measured, python_engine, haproxy_engine, Goal(_GOAL)), *rate_rows(measured)),
            ("The Python engine is the portable fallback, and the place to try a policy: it is not meant to win.",),
        )
    ]
