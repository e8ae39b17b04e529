"""What the hit path writes."""


def test_age_date_and_ttl_are_of_now(hot, clock):
    """C45: rendered anew when the second changes, never from another second."""
    answer = hot()

    first = answer.head(clock.now_s + 2, b"D2")
    again = answer.head(clock.now_s + 2.9, b"ignored within the second")
    later = answer.head(clock.now_s + 10, b"D10")

    assert first == (
        b'HTTP/1.1 200 OK\r\ncontent-length: 4\r\netag: "e"\r\n'
        b"age: 2\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=58\r\ndate: D2\r\n"
    )
    assert again == first
    assert b"age: 10\r\nx-cache: HIT\r\ncache-status: scalelab; hit; ttl=50\r\n" in later
    assert later.endswith(b"date: D10\r\n")


def test_it_ends_with_the_answer_or_the_token_whichever_is_first(hot, clock):
    """D09: a token that has expired opens nothing, however fresh the answer."""
    now_s, steady_s = clock.now_s, clock.steady_s

    assert hot(fresh_s=10, token_s=5).is_usable(now_s + 4.9, steady_s + 4.9)
    assert not hot(fresh_s=10, token_s=5).is_usable(now_s + 5, steady_s + 5)
    assert not hot(fresh_s=5, token_s=10).is_usable(now_s + 5, steady_s + 5)


def test_a_clock_that_is_set_back_keeps_no_answer_alive(hot, clock):
    """Freshness is counted on the monotonic clock."""
    assert not hot(fresh_s=10).is_usable(clock.now_s - 100, clock.steady_s + 10)
