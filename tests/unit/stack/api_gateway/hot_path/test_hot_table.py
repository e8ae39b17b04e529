"""The bounded table, and everything that drops an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.hot_path.hot_answer import HitCount, HotAnswer
from scalelab.stack.api_gateway.hot_path.hot_table import OPEN_FOR_EVER, HotTable


@pytest.fixture
def table(clock):
    return HotTable(clock_s=clock, steady_clock_s=clock.steady, max_bytes=8000, open_until_s=OPEN_FOR_EVER)


def given_now(table, head, steady_s):
    """The answer under `head`, if it may be given."""
    answer = table.peek(head)
    return answer if answer is not None and table.may_be_given(head, answer, steady_s) else None


def test_it_gives_what_it_was_given(table, hot, clock):
    """The same head, the same answer; another head, none."""
    answer = hot()
    table.add(b"head", answer, table.moment)

    assert given_now(table, b"head", clock.steady_s) is answer
    assert given_now(table, b"Head", clock.steady_s) is None


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

    assert (given_now(table, b"head", clock.steady_s) is not None) is is_left


def test_what_was_looked_up_before_a_drop_is_not_added_after_it(table, hot, clock):
    """A slow long way must not bring back what a write has made untrue."""
    moment = table.moment
    table.drop_tag("record:1")

    assert not table.add(b"head", hot(), moment)
    assert given_now(table, b"head", clock.steady_s) is None


def test_it_is_shut_while_writes_elsewhere_cannot_be_heard(table, hot, clock):
    """A gateway that has lost touch asks the shared cache for everything."""
    table.add(b"head", hot(), table.moment)
    table.open_until(clock.steady_s + 1)

    assert given_now(table, b"head", clock.steady_s) is not None
    assert given_now(table, b"head", clock.steady_s + 1) is None


def test_an_answer_that_has_ended_is_forgotten(table, hot, clock):
    """Neither served nor kept."""
    table.add(b"head", hot(fresh_s=5), table.moment)

    assert given_now(table, b"head", clock.steady_s + 5) is None
    assert len(table) == 0
    assert not table.add(b"late", hot(fresh_s=-1), table.moment)


def test_it_is_bounded_and_the_least_used_goes(table, hot, clock):
    """Bytes, not entries; one answer may take an eighth. Use counts when the second has changed."""
    for number in range(20):
        table.add(b"%d" % number, hot(), table.moment)
        clock.now_s, clock.steady_s = clock.now_s + 1, clock.steady_s + 1
        assert given_now(table, b"0", clock.steady_s) is not None

    assert 8000 // 600 - 3 <= len(table) <= 8000 // 600 + 3
    assert table.peek(b"1") is None
    assert not table.add(b"big", hot(body=b"x" * 2000), table.moment)


def test_what_it_gives_says_the_second_it_is_given_in(table, hot, clock):
    """C45: between two seconds the bytes are the same, after that they are not."""
    table.add(b"head", hot(), table.moment)

    ages = []
    for later_s in (2.0, 2.9, 3.0):
        clock.now_s, steady_s = 1_700_000_000.0 + later_s, clock.steady_s + later_s
        ages.append(given_now(table, b"head", steady_s).head.partition(b"age: ")[2][:1])

    assert ages == [b"2", b"2", b"3"]


def test_hits_are_counted_once(table):
    """Counted by route since the last time; nothing is counted twice."""
    table.hits_of("/data").number += 3
    table.hits_of("/data").number += 2

    assert [table.counted_hits(), table.counted_hits()] == [{"/data": 5}, {}]


@given(st.lists(st.tuples(st.sampled_from("adtc"), st.integers(0, 5)), max_size=60))
def test_the_books_balance(steps):
    """After any sequence the held bytes are those of the answers that are there."""
    table = HotTable(clock_s=lambda: 0.0, steady_clock_s=lambda: 0.0, max_bytes=20_000, open_until_s=OPEN_FOR_EVER)
    for act, number in steps:
        if act == "a":
            answer = HotAnswer(
                HitCount("/"), "/", f"t{number % 2}", f"j{number % 3}", 0, 10, 10, 10, b"h", b"b" * number
            )
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
