"""The trials as they are made: longer at low rates, prepared each time, ended by the budget."""

from types import SimpleNamespace

import pytest

from scalelab.lab.capacity import running
from scalelab.lab.capacity.objective import parse_objective
from scalelab.lab.capacity.running import CapacityQuestion, find_capacity
from scalelab.lab.capacity.search import Limits, Trial
from scalelab.lab.capacity.telling import document_of, sentences_of
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate


class Loads:
    """Stands for the load: meets up to 64 requests/s; each takes as long as it was told."""

    def __init__(self, monkeypatch):
        self.now_s, self.plans, self.prepared, self.interrupt_at = 0.0, [], 0, None
        self.completed = 1000
        monkeypatch.setattr(running, "_judged", self.judged)

    def run(self, plan):
        self.plans.append(plan)
        self.now_s += plan.duration_s
        return self

    @property
    def tally(self):
        return SimpleNamespace(counts={"completed": self.completed})

    @property
    def is_interrupted(self):
        return len(self.plans) == self.interrupt_at

    def judged(self, _criteria, rate, _outcome):
        return Trial(rate, "meets" if rate <= 64.0 else "fails", "p99 is 100 ms")

    def sleep(self, seconds):
        self.now_s += seconds

    def prepare(self):
        self.prepared += 1

    def find(self, budget_s=10_000.0):
        plan = LoadPlan(
            requests=(RequestTemplate(url="http://127.0.0.1:9/"),), load=OpenLoad(rate_per_s=1.0), duration_s=1.0
        )
        question = CapacityQuestion(
            plan=plan,
            criteria=parse_objective("p99 < 200 ms"),
            limits=Limits(10.0, 1000.0, 0.5, 0.025),
            trial_s=5.0,
            budget_s=budget_s,
        )
        return find_capacity(
            question, prepare=self.prepare, load=self.run, monotonic=lambda: self.now_s, sleep=self.sleep
        )


@pytest.fixture
def loads(monkeypatch):
    return Loads(monkeypatch)


def test_every_trial_has_its_rate_its_length_and_its_seed(loads):
    """p99 takes 1,000 samples and a fifth more: 120 s at 10/s; no trial repeats another's draws."""
    answer = loads.find()

    assert answer.ended == "precise"
    assert loads.prepared == len(loads.plans) == len(answer.trials)
    assert [plan.load.rate_per_s for plan in loads.plans[:4]] == [10.0, 20.0, 40.0, 80.0]
    assert loads.plans[0].duration_s == pytest.approx(121.0)
    assert all(plan.warm_up_s == 1.0 for plan in loads.plans)
    assert len({plan.seed for plan in loads.plans}) == len(loads.plans)


def test_the_budget_ends_it_with_what_is_known(loads):
    """Enough for the bracket, not for the precision: the interval is wide, and the words say why."""
    answer = loads.find(budget_s=300.0)

    assert answer.ended == "budget"
    assert answer.elapsed_s <= 300.0
    assert answer.estimate.low_per_s < 64.0 < answer.estimate.high_per_s
    assert "The time was up" in sentences_of(answer, "p99 < 200 ms")[1]


def test_an_interrupt_keeps_the_trials(loads):
    """Those before it."""
    loads.interrupt_at = 3

    answer = loads.find()

    assert (answer.ended, len(answer.trials), answer.estimate) == ("interrupted", 2, None)


def test_a_server_that_never_answers_is_left_at_once(loads):
    """Lower rates would find it as silent."""
    loads.completed = 0

    answer = loads.find()

    assert (answer.ended, len(answer.trials)) == ("no-answer", 1)
    assert "check the URL, the token and the server" in sentences_of(answer, "p99 < 1 s")[1]


def test_words_and_document_have_the_same_figures(loads):
    """Rate and interval."""
    answer = loads.find()

    document = document_of(answer, "p99 < 200 ms")
    (sentence,) = sentences_of(answer, "p99 < 200 ms")
    assert sentence.startswith(f"Up to {document['rate_per_s']:,.1f} requests/s ({document['low_per_s']:,.1f} to ")
    assert document["low_per_s"] <= 64.0 <= document["high_per_s"]
    assert document["trials"][0] == {"rate_per_s": 10.0, "outcome": "meets", "reason": "p99 is 100 ms"}
