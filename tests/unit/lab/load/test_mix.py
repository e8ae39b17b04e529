"""The stream of requests: weights, users' tokens, seeds."""

from collections import Counter

import pytest

from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.mix import KeysUsedUpError, request_stream
from scalelab.lab.load.requests import RequestTemplate

TEMPLATES = (RequestTemplate(url="http://a/x?key={key}", weight=3), RequestTemplate(url="http://a/y", weight=1))


def test_weights_are_kept_and_seeds_repeat():
    """Three to one; the same seed gives the same stream."""
    first, again = request_stream(TEMPLATES, KeyPlan(), seed=5), request_stream(TEMPLATES, KeyPlan(), seed=5)

    requests = [first(number) for number in range(8000)]

    assert requests == [again(number) for number in range(8000)]
    assert Counter(request.route for request in requests)[0] == pytest.approx(6000, rel=0.05)


def test_each_user_has_a_token_of_its_own():
    """User n has token n modulo their number."""
    stream = request_stream(TEMPLATES[1:], KeyPlan(), tokens=("t0", "t1"))

    sent = [stream(user).head_and_body for user in (0, 1, 2)]

    assert [b"Bearer t0" in sent[0], b"Bearer t1" in sent[1], b"Bearer t0" in sent[2]] == [True] * 3


def test_unique_keys_end():
    """Nothing more can be sent, and that is said."""
    stream = request_stream(TEMPLATES[:1], KeyPlan(distribution="unique", count=2))
    stream(0), stream(1)

    with pytest.raises(KeysUsedUpError):
        stream(2)
