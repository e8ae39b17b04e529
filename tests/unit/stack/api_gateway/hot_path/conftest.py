"""Answers for the hit path in one line, and a clock that is set."""

import pytest

from scalelab.stack.api_gateway.hot_path.hot_answer import HitCount, HotAnswer, fixed_head

START_S = 1_700_000_000.0
STEADY_S = 1000.0


class Clock:
    now_s = START_S
    steady_s = STEADY_S

    def __call__(self):
        return self.now_s

    def steady(self):
        return self.steady_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hot():
    """`hot(tag="record:1", fresh_s=60)` is an answer."""

    def make(body=b"body", tag="record:1", fresh_s=60.0, stored_s=0.0):
        return HotAnswer(
            HitCount("/data"),
            "/data",
            tag,
            START_S + stored_s,
            60.0,
            STEADY_S + fresh_s,
            fixed_head([(b"etag", b'"e"'), (b"age", b"3"), (b"date", b"old"), (b"x-request-id", b"old")], len(body)),
            b"\r\nx-scalelab-instance: i\r\n\r\n" + body,
        )

    return make
