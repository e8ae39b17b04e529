"""What the hit path writes."""

import pytest


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
        ({"token_s": 2.5}, 2.25, 0.25),  # the token ends
    ],
)
def test_a_rendering_is_good_until_what_it_says_changes(hot, clock, changes, after_s, good_for_s):
    """Date, Age, the answer's life or the token's: whichever is first."""
    answer = hot(**changes)

    answer.render(clock.now_s + after_s, clock.steady_s + after_s, dated)

    assert answer.good_until_s == clock.steady_s + after_s + good_for_s


def test_it_ends_with_the_answer_or_the_token_whichever_is_first(hot, clock):
    """D09: a token that has expired opens nothing, however fresh the answer."""
    now_s, steady_s = clock.now_s, clock.steady_s

    assert hot(fresh_s=10, token_s=5).is_usable(now_s + 4.9, steady_s + 4.9)
    assert not hot(fresh_s=10, token_s=5).is_usable(now_s + 5, steady_s + 5)
    assert not hot(fresh_s=5, token_s=10).is_usable(now_s + 5, steady_s + 5)


def test_a_clock_that_is_set_back_keeps_no_answer_alive(hot, clock):
    """Freshness is counted on the monotonic clock."""
    assert not hot(fresh_s=10).is_usable(clock.now_s - 100, clock.steady_s + 10)
