"""The cases of the selftest: which load against which server, and who judges what comes out. Thin: judges decide."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scalelab.lab.capacity.objective import parse_objective
from scalelab.lab.capacity.running import CapacityQuestion, find_capacity
from scalelab.lab.capacity.search import Limits
from scalelab.lab.load.honesty import judged
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.processes import LoadOutcome, run_load
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.result import LoadResult, result_of
from scalelab.lab.selftest import judges
from scalelab.lab.selftest.alarms import count_false_alarms
from scalelab.lab.selftest.known_server import EVERY, SLOW_S
from scalelab.lab.selftest.lines import Line
from scalelab.lab.selftest.servers import known_server

_FROZEN_SHARE = 0.6
_FREEZE_AT = 0.2
_COMPARED_RUNS = 5


@dataclass(frozen=True)
class Measured:
    """Lines, and the results that they are from: a machine that was too busy shows in them."""

    lines: tuple[Line, ...]
    results: tuple[LoadResult, ...]


@dataclass(frozen=True)
class Case:
    """`run` takes a factor for all durations: 1, or less for a quick look."""

    proves: str
    run: Callable[[float], Measured]
    load_s: float
    """What the factor shortens, about; in the capacity's case it hangs on luck."""
    rest_s: float = 1.0
    """Servers and generators that start and end."""

    def expected_s(self, scale: float) -> float:
        """About how long it takes with this factor."""
        return self.load_s * scale + self.rest_s


def measure(
    *requests: RequestTemplate, load: OpenLoad | ClosedLoad, duration_s: float, **options: float
) -> LoadResult:
    """One load and its judgement.

    Raises:
        KeyboardInterrupt: the load was interrupted; it ends in order and hands the interrupt on here.
    """
    settings = {"drain_limit_s": 5.0, "timeout_s": 10.0, "connections": 200, **options}
    plan = LoadPlan.model_validate({"requests": requests, "load": load, "duration_s": duration_s, **settings})
    outcome = run_load(plan)
    if outcome.is_interrupted:
        raise KeyboardInterrupt
    return judged(result_of(outcome), outcome)


def _fixed_delay(scale: float) -> Measured:
    with known_server(f"delay={SLOW_S}") as server:
        url = RequestTemplate(url=server.url)
        opened = measure(url, load=OpenLoad(rate_per_s=200), duration_s=4 * scale)
        closed = measure(url, load=ClosedLoad(users=10), duration_s=3 * scale)
    lines = (
        *judges.fixed_delay(opened, delay_s=SLOW_S, rate_per_s=200),
        *judges.fixed_delay(closed, delay_s=SLOW_S, rate_per_s=10 / SLOW_S),
    )
    return Measured(lines, (opened, closed))


def _freeze(scale: float) -> Measured:
    duration_s, rate_per_s = 6 * scale, 200.0
    with known_server("quick") as server:
        was_frozen_s: list[float] = []

        def freeze() -> None:
            was_frozen_s.append(server.freeze(_FROZEN_SHARE * duration_s))

        timer = threading.Timer(_FREEZE_AT * duration_s + 0.5, freeze)
        timer.start()
        try:
            load = OpenLoad(rate_per_s=rate_per_s)
            result = measure(RequestTemplate(url=server.url), load=load, duration_s=duration_s, connections=10)
        finally:
            timer.cancel()
            timer.join()
    frozen_s = was_frozen_s[0] if was_frozen_s else 0.0
    return Measured(judges.freeze(result, frozen_s=frozen_s, duration_s=duration_s, rate_per_s=rate_per_s), (result,))


def _slow_accept(scale: float) -> Measured:
    rate_per_s, duration_s = 30.0, 2 * scale
    with known_server("accept-slowly") as server:
        load = OpenLoad(rate_per_s=rate_per_s)
        result = measure(RequestTemplate(url=server.url), load=load, duration_s=duration_s)
    lines = judges.slow_accept(result, accept_s=SLOW_S, rate_per_s=rate_per_s, duration_s=duration_s)
    return Measured(lines, (result,))


def _resets(scale: float) -> Measured:
    with known_server("reset-every-tenth") as server:
        result = measure(RequestTemplate(url=server.url), load=OpenLoad(rate_per_s=100), duration_s=3 * scale)
    return Measured(judges.resets(result, every=EVERY), (result,))


def _refusals(scale: float) -> Measured:
    with known_server("refuse-some") as server:
        good = RequestTemplate(url=server.url, weight=3)
        bad = RequestTemplate(url=server.url + "bad", weight=1)
        result = measure(good, bad, load=OpenLoad(rate_per_s=200), duration_s=3 * scale)
        refused = server.count("sabotaged")
    return Measured(judges.refusals(result, refused=refused, delay_s=SLOW_S), (result,))


def _wrong_bodies(scale: float) -> Measured:
    with known_server("wrong-bodies") as server:
        checked = RequestTemplate(url=server.url, proof="content-digest")
        result = measure(checked, load=OpenLoad(rate_per_s=300), duration_s=2 * scale)
        torn = server.count("sabotaged")
    return Measured(judges.wrong_bodies(result, torn=torn), (result,))


def _one_at_a_time(scale: float) -> Measured:
    with known_server("delay=0.02") as server:
        result = measure(RequestTemplate(url=server.url), load=ClosedLoad(users=1), duration_s=3 * scale)
    return Measured(judges.one_at_a_time(result), (result,))


def _users(scale: float) -> Measured:
    think_min_s, think_max_s = 0.1, 0.3
    with known_server(f"delay={SLOW_S}") as server:
        load = ClosedLoad(users=50, think_time_min_s=think_min_s, think_time_max_s=think_max_s)
        result = measure(RequestTemplate(url=server.url), load=load, duration_s=6 * scale, warm_up_s=1 * scale)
    return Measured(judges.users(result, number=50, think_s=(think_min_s + think_max_s) / 2), (result,))


def _cut(scale: float) -> Measured:
    answer_s, drain_s, rate_per_s = 1.5 * scale, 0.5 * scale, 50.0
    with known_server(f"delay={answer_s}") as server:
        load = OpenLoad(rate_per_s=rate_per_s)
        result = measure(RequestTemplate(url=server.url), load=load, duration_s=3 * scale, drain_limit_s=drain_s)
    return Measured(judges.cut(result, answer_s=answer_s, drain_s=drain_s, rate_per_s=rate_per_s), (result,))


def _out_of_reach(scale: float) -> Measured:
    connections = 2
    with known_server(f"delay={SLOW_S}") as server:
        load = OpenLoad(rate_per_s=100)
        result = measure(RequestTemplate(url=server.url), load=load, duration_s=3 * scale, connections=connections)
    return Measured(judges.out_of_reach(result, most_per_s=connections / SLOW_S), (result,))


def _dead_port(scale: float) -> Measured:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    result = measure(RequestTemplate(url=url), load=OpenLoad(rate_per_s=100), duration_s=1 * scale)
    return Measured(judges.dead_port(result), (result,))


def _same_against_same(scale: float) -> Measured:
    runs, comparisons = max(2 * _COMPARED_RUNS, round(40 * scale)), round(400 * scale)
    with known_server("delay=0.005") as server:
        url = RequestTemplate(url=server.url)
        results = tuple(measure(url, load=ClosedLoad(users=4), duration_s=0.6) for _ in range(runs))
    alarms = count_false_alarms(results, comparisons, _COMPARED_RUNS)
    return Measured(judges.false_alarms(alarms, comparisons), results)


def _capacity(scale: float) -> Measured:
    slots, hold_s, results = 4, 0.05, list[LoadResult]()

    def load(plan: LoadPlan) -> LoadOutcome:
        outcome = run_load(plan)
        if outcome.is_interrupted:
            raise KeyboardInterrupt
        results.append(judged(result_of(outcome), outcome))
        return outcome

    with known_server(f"slots={slots}x{hold_s}") as server:
        question = CapacityQuestion(
            plan=LoadPlan(requests=(RequestTemplate(url=server.url),), load=OpenLoad(rate_per_s=1.0), duration_s=1.0),
            criteria=parse_objective("p90 < 120 ms"),
            limits=Limits(start_per_s=40.0, most_per_s=1000.0, least_per_s=1.0, precision_ratio=0.05),
            trial_s=max(1.5, 2 * scale),
            budget_s=180.0,
        )
        answer = find_capacity(question, load=load)
    return Measured(judges.capacity(answer.estimate, limit_per_s=slots / hold_s), tuple(results))


CASES: Mapping[str, Case] = {
    "fixed-delay": Case("a server that takes 50 ms takes 50 ms, in open and in closed load", _fixed_delay, 7, 2),
    "freeze": Case("a server that stands still shows in the latencies: nothing is omitted", _freeze, 6),
    "slow-accept": Case("the wait for a connection is part of the latency", _slow_accept, 2, 1.5),
    "resets": Case("a connection that is reset is a failure, not a quick answer", _resets, 3),
    "refusals": Case("quick refusals do not beautify the latency", _refusals, 3),
    "wrong-bodies": Case("a wrong body under a good status is found", _wrong_bodies, 2),
    "one-at-a-time": Case("one user who never thinks: rate times latency is one", _one_at_a_time, 3),
    "users": Case("Little's law holds for fifty users who think", _users, 6),
    "cut": Case("requests without an answer at the end are counted, not dropped", _cut, 3),
    "out-of-reach": Case("a rate that cannot be sent is not claimed", _out_of_reach, 3),
    "dead-port": Case("where nobody listens there is no latency", _dead_port, 1),
    "capacity": Case("the capacity of so many slots is slots over their time", _capacity, 55, 0),
    "same-against-same": Case("the same compared with the same is no difference", _same_against_same, 40, 15),
}
"""By name, in the order in which they run."""
