"""The bounded table, and everything that drops an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.hot_path.hot_answer import HotAnswer
from scalelab.stack.api_gateway.hot_path.hot_table import OPEN_FOR_EVER, HotTable


@pytest.fixture
def table(clock):
    return HotTable(clock_s=clock, steady_clock_s=clock.steady, max_bytes=8000, open_until_s=OPEN_FOR_EVER)


def test_it_gives_what_it_was_given(table, hot, clock):
    """The same head, the same answer; another head, none."""
    answer = hot()
    table.add(b"head", answer, table.moment)

    assert table.get(b"head", clock.now_s, clock.steady_s) is answer
    assert table.get(b"Head", clock.now_s, clock.steady_s) is None


@pytest.mark.parametrize(
    ("act", "is_left"),
    [
        (lambda table: table.drop_tag("record:1"), False),
        (lambda table: table.drop_tag("record:2"), True),
        (lambda table: table.drop_token("j1"), False),
        (lambda table: table.drop_token("j2"), True),
        (lambda table: table.clear(), False),
    ],
)
def test_a_write_a_revocation_and_a_flush_drop_at_once(table, hot, clock, act, is_left):
    """D10, C38: only what they concern."""
    table.add(b"head", hot(), table.moment)

    act(table)

    assert (table.get(b"head", clock.now_s, clock.steady_s) is not None) is is_left


def test_what_was_looked_up_before_a_drop_is_not_added_after_it(table, hot, clock):
    """A slow long way must not bring back what a write has made untrue."""
    moment = table.moment
    table.drop_tag("record:1")

    assert not table.add(b"head", hot(), moment)
    assert table.get(b"head", clock.now_s, clock.steady_s) is None


def test_it_is_shut_while_writes_elsewhere_cannot_be_heard(table, hot, clock):
    """A gateway that has lost touch asks the shared cache for everything."""
    table.add(b"head", hot(), table.moment)
    table.open_until(clock.steady_s + 1)

    assert table.get(b"head", clock.now_s, clock.steady_s) is not None
    assert table.get(b"head", clock.now_s, clock.steady_s + 1) is None


def test_an_answer_that_has_ended_is_forgotten(table, hot, clock):
    """Neither served nor kept."""
    table.add(b"head", hot(fresh_s=5), table.moment)

    assert table.get(b"head", clock.now_s, clock.steady_s + 5) is None
    assert len(table) == 0
    assert not table.add(b"late", hot(fresh_s=-1), table.moment)


def test_it_is_bounded_and_the_least_used_goes(table, hot, clock):
    """Bytes, not entries; one answer may take an eighth."""
    for number in range(20):
        table.add(b"%d" % number, hot(), table.moment)
        table.get(b"0", clock.now_s, clock.steady_s)

    assert 8000 // 600 - 3 <= len(table) <= 8000 // 600 + 3
    assert table.get(b"0", clock.now_s, clock.steady_s) is not None
    assert table.get(b"1", clock.now_s, clock.steady_s) is None
    assert not table.add(b"big", hot(body=b"x" * 2000), table.moment)


@given(st.lists(st.tuples(st.sampled_from("adtc"), st.integers(0, 5)), max_size=60))
def test_the_books_balance(steps):
    """After any sequence the held bytes are those of the answers that are there."""
    table = HotTable(clock_s=lambda: 0.0, steady_clock_s=lambda: 0.0, max_bytes=20_000, open_until_s=OPEN_FOR_EVER)
    for act, number in steps:
        if act == "a":
            answer = HotAnswer("/", f"t{number % 2}", f"j{number % 3}", 0, 10, 10, 10, b"h", b"b" * number)
            table.add(b"%d" % number, answer, table.moment)
        elif act == "d":
            table.drop_tag(f"t{number % 2}")
        elif act == "t":
            table.drop_token(f"j{number % 3}")
        else:
            table.clear()

    assert table.held_bytes == sum(answer.size_bytes + len(head) for head, answer in table._answers.items())
    assert set().union(*table._by_tag.values()) == set(table._answers)
    assert set().union(*table._by_token.values()) == set(table._answers)
