import pytest

from scalelab.contracts.faults import Fault
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import ACTS, ActFailedError
from scalelab.lab.watch.playing import MOST_AT_A_TIME, Player, offers


class ScriptedSystem:
    """Notes what it is asked; says what it is told to."""

    def __init__(self, refused=None, trouble=""):
        self.asked, self.refused, self.trouble = [], refused or {}, trouble

    def not_offered(self):
        return self.refused

    def scale(self, service, replicas):
        self.asked.append((service, replicas))
        if self.trouble:
            raise SystemGoneError(self.trouble)

    def change(self, setting, value):
        self.asked.append((setting, value))

    def change_policy(self, policy):
        self.asked.append(policy)

    def begin_fault(self, fault):
        self.asked.append(fault)

    def end_fault(self, target):
        self.asked.append(target)


class ScriptedLoad:
    def __init__(self):
        self.asked = []

    def start(self, _system, wanted):
        self.asked.append(wanted.rate_per_s)

    def stop(self):
        raise ActFailedError("no load is under way")


def played(system, *documents, load=None):
    """The marks that were told, acts one after the other."""
    player, marks = Player(lambda: system, load or ScriptedLoad(), lambda: 5.0), []
    for document in documents:
        player.begin(ACTS.validate_python(document), marks.append).join()
    return marks


def test_each_act_reaches_the_system_and_is_told_twice():
    """Its beginning and its end, under one number."""
    system = ScriptedSystem()

    marks = played(
        system,
        {"kind": "scale", "service": "api_gateway", "replicas": 3},
        {"kind": "freeze", "target": "api_gateway-2", "duration_s": 5},
        {"kind": "kill", "target": "database-1"},
        {"kind": "release", "target": "api_gateway-2"},
        {"kind": "change", "setting": "api_gateway.cache_ttl_s", "value": 5},
        {"kind": "policy", "policy": "least_connections"},
    )

    assert system.asked == [
        ("api_gateway", 3),
        Fault(kind="freeze", target="api_gateway-2", at_s=0, duration_s=5),
        Fault(kind="kill", target="database-1", at_s=0),
        "api_gateway-2",
        ("api_gateway.cache_ttl_s", 5.0),
        "least_connections",
    ]
    assert [(mark.id, mark.state) for mark in marks[:2]] == [(1, "under way"), (1, "done")]
    assert marks[-1].text == "policy least_connections"
    assert marks[2].text == "freeze api_gateway-2 for 5 s"


def test_what_does_not_work_is_told_with_its_reason():
    """Whoever asked sees it beside the act."""
    marks = played(
        ScriptedSystem(trouble="api_gateway-3 did not come up"),
        {"kind": "scale", "service": "api_gateway", "replicas": 3},
        {"kind": "stop_load"},
    )

    assert [(mark.state, mark.trouble) for mark in marks if mark.state != "under way"] == [
        ("failed", "api_gateway-3 did not come up"),
        ("failed", "no load is under way"),
    ]


def test_what_is_not_offered_is_refused_before_it_begins():
    """There is no mark of it."""
    system = ScriptedSystem(refused={"kill": "these are containers"})

    with pytest.raises(ActFailedError, match="these are containers"):
        played(system, {"kind": "kill", "target": "database-1"})
    assert system.asked == []
    assert offers(system.not_offered())["kill"] == "these are containers"
    assert offers(system.not_offered())["scale"] == ""


def test_acts_under_way_are_bounded():
    """A page that goes wild cannot start threads without end; each end makes room for another."""
    player, release = Player(ScriptedSystem, ScriptedLoad()), []
    act = ACTS.validate_python({"kind": "release", "target": "a-1"})

    def hold(mark):
        if mark.state == "under way":
            release.append(mark)

    player._under_way = MOST_AT_A_TIME
    with pytest.raises(ActFailedError, match="are under way"):
        player.begin(act, hold)
    player._under_way = MOST_AT_A_TIME - 1
    player.begin(act, hold).join()

    assert player._under_way == MOST_AT_A_TIME - 1
