"""What the hit path writes."""

import pytest

from scalelab.stack.api_gateway.hot_path.hot_answer import HitCount


def dated(second):
    return b"D%d" % (second - 1_700_000_000)


def test_age_date_and_ttl_are_of_now(hot, clock):
    """C45: said of the moment of rendering, in the long way's order, up to where the request id is put."""
    answer = hot()

    answer.render(clock.now_s + 2, clock.steady_s + 2, dated)
    first = answer.head
    answer.render(clock.now_s + 10.5, clock.steady_s + 10.5, dated)

    assert first == (
        b'HTTP/1.1 200 OK\r\ncontent-length: 4\r\netag: "e"\r\n'
        b"age: 2\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=58\r\ndate: D2\r\nx-request-id: "
    )
    assert b"age: 10\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=50\r\ndate: D10\r\n" in answer.head


@pytest.mark.parametrize(
    ("changes", "after_s", "good_for_s"),
    [
        ({}, 2.25, 0.75),  # the second ends
        ({"stored_s": 0.5}, 2.25, 0.25),  # the age grows
        ({"fresh_s": 2.5}, 2.25, 0.25),  # the answer ends
    ],
)
def test_a_rendering_is_good_until_what_it_says_changes(hot, clock, changes, after_s, good_for_s):
    """Date, Age, or the answer's life: whichever is first."""
    answer = hot(**changes)

    answer.render(clock.now_s + after_s, clock.steady_s + after_s, dated)

    assert answer.good_until_s == clock.steady_s + after_s + good_for_s


def test_a_newer_answer_takes_the_place_of_an_older_one(hot, clock):
    """All who share it are given the newer one; what was rendered before is not."""
    answer, newer = hot(body=b"old"), hot(body=b"new body", stored_s=30, fresh_s=90)
    answer.render(clock.now_s, clock.steady_s, dated)

    answer.renew(newer)
    is_rendered = clock.steady_s < answer.good_until_s
    answer.render(clock.now_s + 31, clock.steady_s + 31, dated)

    assert not is_rendered
    assert b"content-length: 8\r\n" in answer.head
    assert b"age: 1\r\n" in answer.head
    assert answer.tail.endswith(b"new body")
    assert answer.fresh_until_s == newer.fresh_until_s


def test_quick_and_slow_answers_are_in_their_buckets_and_counted_once():
    """Those of the first bucket as a number and a sum, the others one by one."""
    hits = HitCount("/data")
    hits.number, hits.quick_s = 3, 0.0005
    hits.slow.observe(0.002)
    taken, after = hits.take(), hits.take()

    assert taken.numbers[:3] == [2, 1, 0]
    assert (taken.number, taken.sum_s, after.number, after.sum_s) == (3, 0.0025, 0, 0.0)
