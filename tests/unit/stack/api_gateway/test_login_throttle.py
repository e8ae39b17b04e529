"""Shared counts while they can be had, own ones while they cannot."""

import pytest
import structlog

from scalelab.stack.api_gateway.client_address import TrustedPeers
from scalelab.stack.api_gateway.login_attempts import LocalLoginAttempts, LoginLimits
from scalelab.stack.api_gateway.login_throttle import LoginThrottle

LIMITS = LoginLimits(per_account=2, per_peer=5, window_s=60.0)


class Shared:
    """Answers the same each time."""

    def __init__(self, answer):
        self.answer = answer
        self.is_closed = False

    async def judge(self, _username, _peer, _outcome):
        return self.answer

    async def aclose(self):
        self.is_closed = True


@pytest.fixture
def throttle_with():
    return lambda shared: LoginThrottle(LocalLoginAttempts(LIMITS), TrustedPeers(["127.0.0.0/8"]), shared=shared)


async def test_the_shared_count_is_heeded(throttle_with):
    """And the connection given back."""
    shared = Shared(7.0)
    throttle = throttle_with(shared)

    wait_s = await throttle.wait_s("alice", "p", "asked")
    await throttle.aclose()

    assert (wait_s, shared.is_closed) == (7.0, True)


async def test_while_the_server_is_gone_the_gateway_counts_for_itself(throttle_with):
    """Guessing is slowed down still, with one line in the log."""
    throttle = throttle_with(Shared(None))

    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            assert await throttle.wait_s("alice", "p", "failed") == 0.0
        wait_s = await throttle.wait_s("alice", "p", "asked")

    assert 0 < wait_s <= 60.0
    assert [line["event"] for line in lines] == ["cache_outage_began"]
