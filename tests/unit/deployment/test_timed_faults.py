from contextlib import contextmanager
from threading import Event

import pytest

from scalelab.contracts.faults import Fault
from scalelab.deployment.errors import DisturbanceError
from scalelab.deployment.events import EventLog
from scalelab.deployment.timed_faults import TimedFaults

FREEZE = Fault(kind="freeze", target="api_gateway-1", at_s=0, duration_s=60)


class Disturbed:
    """Notes when a fault is in effect and when it is not; `undone` is set when one was rolled back."""

    def __init__(self):
        self.in_effect, self.undone = [], Event()

    @contextmanager
    def disturb(self, fault):
        if fault.target == "nobody-1":
            raise DisturbanceError("there is no nobody-1 to freeze")
        self.in_effect.append(fault.target)
        try:
            yield lambda: True
        finally:
            self.in_effect.remove(fault.target)
            self.undone.set()


@pytest.fixture
def disturbed():
    return Disturbed()


@pytest.fixture
def faults(disturbed, tmp_path):
    faults = TimedFaults(disturbed.disturb, EventLog(tmp_path / "log"))
    yield faults
    faults.close(5.0)


def test_a_fault_is_in_effect_when_begin_returns_and_undone_when_told(disturbed, faults):
    """Long before its time."""
    faults.begin(FREEZE)
    before = list(disturbed.in_effect)
    faults.end(FREEZE.target)

    assert before == ["api_gateway-1"]
    assert disturbed.undone.wait(5.0)
    assert disturbed.in_effect == []


def test_a_fault_ends_when_its_time_is_over(disturbed, faults):
    """Whatever has become of whoever began it."""
    faults.begin(FREEZE.model_copy(update={"duration_s": 0.001}))

    assert disturbed.undone.wait(5.0)


def test_one_at_a_time_on_a_target(faults):
    """A second one would be undone by the first one's end."""
    faults.begin(FREEZE)

    with pytest.raises(DisturbanceError, match=r"freeze api_gateway-1 for 60 s is not over yet"):
        faults.begin(FREEZE)


def test_what_cannot_be_done_is_raised_and_leaves_nothing(faults):
    """The next one on the same target is not refused for it."""
    nobody = FREEZE.model_copy(update={"target": "nobody-1"})

    for _ in range(2):
        with pytest.raises(DisturbanceError, match="there is no nobody-1"):
            faults.begin(nobody)
    with pytest.raises(DisturbanceError, match="nothing is in effect on nobody-1"):
        faults.end("nobody-1")


def test_closing_undoes_everything_and_takes_no_more(disturbed, faults):
    """A stack that stops leaves nothing frozen."""
    faults.begin(FREEZE)

    faults.close(5.0)

    assert disturbed.in_effect == []
    with pytest.raises(DisturbanceError, match="being stopped"):
        faults.begin(FREEZE)
