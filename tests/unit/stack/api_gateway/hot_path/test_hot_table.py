"""The bounded table, and everything that spoils an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.hot_path.hot_answer import HitCount, HotAnswer
from scalelab.stack.api_gateway.hot_path.hot_table import OPEN_FOR_EVER, HotTable


@pytest.fixture
def table(clock):
    return HotTable(clock_s=clock, steady_clock_s=clock.steady, max_bytes=16_000, open_until_s=OPEN_FOR_EVER)


@pytest.fixture
def keep(table, clock):
    """`keep(b"head", answer)`: as after a long way that began now; the key is the head unless it is given."""

    def add(head, answer, key=None, *, token_id="j1", token_s=3600.0, moment=None):
        return table.add(
            head,
            key or head,
            answer,
            token_id=token_id,
            token_valid_until_s=clock.now_s + token_s,
            moment=table.moment if moment is None else moment,
        )

    return add


@pytest.fixture
def given_now(table, clock):
    """`given_now(b"head", later_s=1)`: the body that this head is given then, or None."""

    def ask(head, later_s=0.0):
        began_s = clock.now_s
        clock.now_s += later_s
        known = table.peek(head)
        is_given = known is not None and table.may_be_given(known, clock.steady_s + later_s)
        clock.now_s = began_s
        return known.answer.tail.partition(b"\r\n\r\n")[2] if is_given else None

    return ask


def test_it_gives_what_it_was_given(keep, hot, given_now):
    """The same head, the same answer; another head, none."""
    keep(b"head", hot(b"one"))

    assert (given_now(b"head"), given_now(b"Head")) == (b"one", None)


@pytest.mark.parametrize(
    ("act", "is_left"),
    [
        (lambda table: table.drop_tags(["record:1"]), False),
        (lambda table: table.drop_tags(["record:2"]), True),
        (lambda table: table.drop_tokens(["j1"]), False),
        (lambda table: table.drop_tokens(["j2"]), True),
        (lambda table: table.on_revoked("j1"), False),
        (lambda table: table.clear(), False),
    ],
)
def test_a_write_a_revocation_and_a_flush_take_effect_at_once(table, keep, hot, given_now, act, is_left):
    """D10, C38: only on what they concern."""
    keep(b"head", hot())

    act(table)

    assert (given_now(b"head") is not None) is is_left


def test_heads_of_one_key_share_the_newest_answer(table, keep, hot, given_now):
    """After a write, the first who fetches it anew does so for all."""
    keep(b"alice", hot(b"old"), b"key")
    keep(b"bob", hot(b"old"), b"key", token_id="j2")
    table.drop_tags(["record:1"])
    spoilt = given_now(b"alice"), given_now(b"bob")
    keep(b"alice", hot(b"new", stored_s=1), b"key")

    assert spoilt == (None, None)
    assert (given_now(b"alice"), given_now(b"bob")) == (b"new", b"new")


def test_an_older_answer_does_not_take_the_place_of_a_newer_one(keep, hot, given_now):
    """A long way that took long brings what has been replaced since; but the newer one's end is its end."""
    keep(b"alice", hot(b"new", stored_s=5, fresh_s=10), b"key")
    keep(b"bob", hot(b"old", stored_s=1, fresh_s=60), b"key", token_id="j2")

    assert (given_now(b"alice"), given_now(b"bob")) == (b"new", b"new")
    assert given_now(b"bob", later_s=10) is None


def test_answers_of_other_keys_are_never_mixed(keep, hot, given_now):
    """Two subjects with keys of their own have nothing in common."""
    keep(b"alice", hot(b"hers"), b"key of alice")
    keep(b"bob", hot(b"his"), b"key of bob", token_id="j2")

    assert (given_now(b"alice"), given_now(b"bob")) == (b"hers", b"his")


def test_what_was_looked_up_before_a_drop_is_not_added_after_it(table, keep, hot, given_now):
    """A slow long way must not bring back what a write has made untrue."""
    moment = table.moment
    table.drop_tags(["record:1"])

    assert not keep(b"head", hot(), moment=moment)
    assert given_now(b"head") is None


def test_it_is_shut_while_writes_elsewhere_cannot_be_heard(table, clock, keep, hot, given_now):
    """A gateway that has lost touch asks the shared cache for everything."""
    keep(b"head", hot())
    table.open_until(clock.steady_s + 1)

    assert (given_now(b"head"), given_now(b"head", later_s=1)) == (b"body", None)
    table.open_until(clock.steady_s)
    assert not keep(b"other", hot())


def test_an_answer_that_has_ended_is_not_given_but_its_head_is_known(table, keep, hot, given_now):
    """So that one who fetches it anew does so for all who may have it."""
    keep(b"head", hot(fresh_s=5))

    assert given_now(b"head", later_s=4.9) == b"body"
    assert given_now(b"head", later_s=5) is None
    assert len(table) == 1
    assert not keep(b"late", hot(fresh_s=0))


def test_a_token_that_has_ended_opens_nothing(table, keep, hot, given_now):
    """D09: however fresh the answer; the head is forgotten."""
    keep(b"head", hot(), token_s=5)

    assert given_now(b"head", later_s=4.9) == b"body"
    assert given_now(b"head", later_s=5) is None
    assert len(table) == 0
    assert not keep(b"late", hot(), token_s=0)


def test_a_clock_that_is_set_back_keeps_no_answer_alive(table, clock, keep, hot):
    """Freshness is counted on the monotonic clock."""
    keep(b"head", hot(fresh_s=10))
    clock.now_s -= 100

    assert not table.may_be_given(table.peek(b"head"), clock.steady_s + 10)


def test_it_is_bounded_and_the_least_used_goes(table, clock, keep, hot, given_now):
    """Bytes, not entries; one answer may take an eighth. Use counts when the second has changed."""
    for number in range(40):
        keep(b"%d" % number, hot())
        clock.now_s, clock.steady_s = clock.now_s + 1, clock.steady_s + 1
        assert given_now(b"0") is not None

    one_bytes = table.peek(b"0").size_bytes + hot().size_bytes
    assert len(table) == pytest.approx(16_000 // one_bytes, abs=2)
    assert table.held_bytes <= 16_000
    assert table.peek(b"1") is None
    assert not keep(b"big", hot(body=b"x" * 2000))


def test_what_it_gives_says_the_second_it_is_given_in(table, clock, keep, hot, given_now):
    """C45: between two seconds the bytes are the same, after that they are not."""
    keep(b"head", hot())

    ages = []
    for later_s in (2.0, 2.9, 3.0):
        given_now(b"head", later_s)
        ages.append(table.peek(b"head").answer.head.partition(b"age: ")[2][:1])

    assert ages == [b"2", b"2", b"3"]


def test_hits_are_counted_once(table):
    """Counted by route since the last time; nothing is counted twice."""
    table.hits_of("/data").number += 3
    table.hits_of("/data").number += 2

    assert {route: durations.number for route, durations in table.counted_hits().items()} == {"/data": 5}
    assert table.counted_hits() == {}


@given(st.lists(st.tuples(st.sampled_from("aaadtc"), st.integers(0, 5)), max_size=60))
def test_the_books_balance(steps):
    """After any sequence the held bytes are those of the heads and answers that are there, and so are the indexes."""
    table = HotTable(clock_s=lambda: 0.0, steady_clock_s=lambda: 0.0, max_bytes=12_000, open_until_s=OPEN_FOR_EVER)
    for stored_s, (act, number) in enumerate(steps):
        if act == "a":
            key, tag = b"k%d" % (number % 4), f"t{number % 2}"
            answer = HotAnswer(HitCount("/"), "/", tag, stored_s, 10, 10, b"h", b"b" * stored_s)
            token_id = f"j{number % 3}"
            table.add(b"%d" % number, key, answer, token_id=token_id, token_valid_until_s=10, moment=table.moment)
        elif act == "d":
            table.drop_tags([f"t{number % 2}"])
        elif act == "t":
            table.drop_tokens([f"j{number % 3}"])
        else:
            table.clear()

    heads, answers = table._heads.values(), table._answers
    assert table.held_bytes == sum(part.size_bytes for part in (*heads, *answers.values()))
    assert {known.key for known in heads} == set(answers) == set(table._heads_of_key)
    assert all(known.answer is answers[known.key] for known in heads)
    assert set().union(*table._keys_of_tag.values()) == set(answers)
    for index in (table._heads_of_key, table._heads_of_token):
        assert set().union(*index.values()) == set(table._heads)
