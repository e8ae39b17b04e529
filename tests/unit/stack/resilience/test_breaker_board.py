"""One record of a service and the words that change it, whatever their order."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.resilience.breaker_board import BoardRule, BreakerRecord, after

RULE = BoardRule(open_s=5.0, probes=2)
WORDS = st.sampled_from(["look", "open", "probe", "good", "bad", "give_up"])


@given(st.lists(st.tuples(WORDS, st.integers(0, 3), st.floats(0, 4)), max_size=60))
def test_whatever_is_said_it_comes_back(words):
    """Never more tries under way than allowed, epochs never fall, and good tries in the end close it."""
    record, now_s = BreakerRecord(), 0.0
    for word, epoch, pause_s in words:
        now_s += pause_s
        before = record
        record, posted = after(record, word, epoch, RULE, now_s)
        assert record.epoch in {before.epoch, before.epoch + 1}
        assert record.probing + record.good <= RULE.probes
        assert not posted.is_granted or posted.open_s == 0.0
    for word in ("probe", "good", "probe", "good"):
        now_s += 2 * RULE.open_s
        record, posted = after(record, word, record.epoch, RULE, now_s)

    assert posted.open_s is None


def test_looking_changes_nothing():
    """Of an open one."""
    record, _ = after(BreakerRecord(), "open", 0, RULE, 100.0)

    assert after(record, "look", 0, RULE, 101.0)[0] == record
