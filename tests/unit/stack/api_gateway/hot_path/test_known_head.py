"""Until when a verified head is trusted."""

import pytest

from scalelab.stack.api_gateway.hot_path.known_head import LONGEST_TRUST_S, KnownHead


@pytest.mark.parametrize(
    ("left_s", "is_trusted", "good_for_s"),
    [(100, True, LONGEST_TRUST_S), (0.25, True, 0.25), (0, False, 0), (-1, False, -1)],
)
def test_a_token_is_trusted_to_its_end_and_looked_at_again(hot, clock, left_s, is_trusted, good_for_s):
    """D09: never past its end; a clock that is set forward is noticed within a second."""
    known = KnownHead(b"head", b"key", "j1", clock.now_s + left_s, hot())

    trusted = known.trust(clock.now_s, clock.steady_s)

    assert (trusted, known.good_until_s - clock.steady_s) == (is_trusted, good_for_s)
