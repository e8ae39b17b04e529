"""Faults come in order, at their times, and none outlives the load."""

import json
from contextlib import contextmanager

import pytest

from scalelab.contracts.faults import Fault, FaultTrace
from scalelab.lab.fault_injection import injecting
from scalelab.lab.system import SystemGoneError

KILL = Fault(kind="kill", target="api_gateway-2", at_s=0.0)
LONG = Fault(kind="freeze", target="api_gateway-1", at_s=0.0, duration_s=3600.0)


class System:
    """Writes down what is done to it."""

    def __init__(self, trouble=None, *, is_noticed=False):
        self.story, self.trouble, self.is_noticed = [], trouble, is_noticed

    @contextmanager
    def disturb(self, fault):
        self.story.append(f"begin {fault.what}")
        try:
            yield lambda: self.is_noticed
        finally:
            self.story.append(f"undo {fault.what}")
        if self.trouble:
            raise SystemGoneError(self.trouble)


def traces(file):
    return [FaultTrace.model_validate(json.loads(line)) for line in file.read_text().splitlines()]


def test_they_are_done_in_order_and_written_down(tmp_path):
    """One at a time: each is undone before the next begins."""
    system, file = System(), tmp_path / "faults.jsonl"
    again = KILL.model_copy(update={"target": "api_gateway-3"})

    with injecting((KILL, again), system, file) as injector:
        injector.load_began()
        injector.load_began()
        while len(injector.traces) < 2:
            injector._thread.join(0.01)

    assert system.story == ["begin kill api_gateway-2", "undo kill api_gateway-2",
                            "begin kill api_gateway-3", "undo kill api_gateway-3"]  # fmt: skip
    assert [trace.fault for trace in traces(file)] == [KILL, again]
    assert all(trace.began_unix_s <= trace.ended_unix_s and trace.trouble == "" for trace in traces(file))


def test_the_end_of_the_load_undoes_what_is_in_effect(tmp_path):
    """An hour's fault ends with the load, however that ends; what was still to come is not done."""
    system, file = System(), tmp_path / "faults.jsonl"
    later = KILL.model_copy(update={"at_s": 3600.0})

    def interrupted():
        with injecting((LONG, later), system, file) as injector:
            injector.load_began()
            while not system.story:
                injector._thread.join(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert system.story == [f"begin {LONG.what}", f"undo {LONG.what}"]
    assert [trace.fault for trace in traces(file)] == [LONG]


def test_a_fault_that_cannot_be_undone_is_told(tmp_path):
    """With the reason, and the next one is done all the same."""
    system, file = System(trouble="api_gateway-2 did not come back"), tmp_path / "faults.jsonl"

    with injecting((KILL,), system, file) as injector:
        injector.load_began()
        while not injector.traces:
            injector._thread.join(0.01)

    assert [trace.trouble for trace in traces(file)] == ["api_gateway-2 did not come back"]


@pytest.mark.parametrize("is_noticed", [True, False])
def test_whether_the_system_knew_is_written_down(tmp_path, is_noticed):
    """When it did for the first time, or never."""
    system, file = System(is_noticed=is_noticed), tmp_path / "faults.jsonl"
    short = LONG.model_copy(update={"duration_s": 0.1})

    with injecting((short,), system, file) as injector:
        injector.load_began()
        while not injector.traces:
            injector._thread.join(0.01)

    (trace,) = traces(file)
    assert (trace.noticed_unix_s is not None) == is_noticed


def test_without_faults_nothing_is_written(tmp_path):
    """No thread, no file."""
    with injecting((), System(), tmp_path / "faults.jsonl") as injector:
        injector.load_began()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"kind": "freeze", "target": "cache"}, "freeze takes a duration_s"),
        ({"kind": "kill", "target": "cache", "duration_s": 1}, "kill takes no duration_s"),
        ({"kind": "kill"}, "kill takes a target"),
        ({"kind": "expire_cache", "target": "cache"}, "expire_cache takes no target"),
        ({"kind": "scale", "target": "api_gateway"}, "scale takes a number of replicas"),
        ({"kind": "kill", "target": "cache", "replicas": 2}, "kill takes no replicas"),
        ({"kind": "rotate_keys", "target": "cache"}, "rotate_keys takes no target"),
        ({"kind": "slow", "target": "database", "duration_s": 1}, "slow takes a delay_s"),
        ({"kind": "freeze", "target": "cache", "duration_s": 1, "delay_s": 1}, "freeze takes no delay_s"),
        (
            {"kind": "slow", "target": "api_gateway-1", "duration_s": 1, "delay_s": 1},
            "slow takes as target database or microservice, not 'api_gateway-1'",
        ),
        (
            {"kind": "fill_pool", "target": "cache", "duration_s": 1},
            "fill_pool takes as target database, not 'cache'",
        ),
        (
            {"kind": "scale", "target": "database", "replicas": 2},
            "scale takes as target api_gateway or worker, not 'database'",
        ),
        ({"kind": "explode", "target": "cache"}, "kind"),
        ({"kind": "kill", "target": "api_gateway-0"}, "target"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(document, words):
    """With what is missing or too much."""
    with pytest.raises(ValueError, match=words):
        Fault.model_validate({"at_s": 1.0, **document})


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"kind": "freeze", "target": "api_gateway-2", "duration_s": 5}, "freeze api_gateway-2 for 5 s"),
        ({"kind": "scale", "target": "api_gateway", "replicas": 3}, "scale api_gateway to 3"),
        ({"kind": "expire_cache"}, "expire cache"),
    ],
)
def test_a_fault_in_words(document, what):
    """As reports have it."""
    assert Fault.model_validate({"at_s": 1.0, **document}).what == what


def test_a_load_that_began_before_it_was_told_is_not_late(tmp_path):
    """Its time counts from its beginning: at 50 s is at once when the load began 60 s ago."""
    system, fault = System(), KILL.model_copy(update={"at_s": 50.0})

    with injecting((fault,), system, tmp_path / "faults.jsonl") as injector:
        injector.load_began(60.0)
        while not injector.traces:
            injector._thread.join(0.01)

    assert system.story[0] == "begin kill api_gateway-2"
