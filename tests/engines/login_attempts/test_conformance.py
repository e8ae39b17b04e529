"""What every count of failed logins promises: three for an account, five for a client."""

import asyncio

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.login_attempts import LoginLimits, SharedLoginAttempts


async def judge(attempts, outcome, username="alice", peer="1.1.1.1"):
    """Whether the attempt may be made, or its outcome told."""
    wait_s = await attempts.judge(username, peer, outcome)
    assert 0 <= wait_s <= 60.0
    return wait_s == 0


async def test_an_account_waits_after_its_failures(attempts):
    """From whatever address; another account does not."""
    told = [await judge(attempts, "failed", peer=f"{number}.1.1.1") for number in range(3)]

    assert told == [True] * 3
    assert await judge(attempts, "asked", peer="9.9.9.9") is False
    assert await judge(attempts, "asked", username="bob") is True


async def test_a_client_waits_after_its_failures(attempts):
    """With whatever account; another client does not."""
    for number in range(5):
        await judge(attempts, "failed", username=f"name{number}")

    assert await judge(attempts, "asked", username="bob") is False
    assert await judge(attempts, "asked", username="bob", peer="9.9.9.9") is True


async def test_a_success_ends_the_count_of_its_account_alone(attempts):
    """The client's goes on: it may guess others' passwords in between."""
    for _ in range(2):
        await judge(attempts, "failed")
        await judge(attempts, "failed")
        await judge(attempts, "succeeded")
    await judge(attempts, "failed", username="bob")

    assert await judge(attempts, "asked") is False
    assert await judge(attempts, "asked", peer="9.9.9.9") is True


@pytest.mark.parametrize("outcome", ["failed", "succeeded"])
async def test_what_comes_out_beyond_the_limit_is_not_told(attempts, outcome):
    """Twenty guesses at once are three guesses: of the rest nobody learns whether they were right."""
    for _ in range(20):
        await judge(attempts, "asked")
    told = await asyncio.gather(*(judge(attempts, "failed") for _ in range(19)))

    assert told.count(True) == 3
    assert await judge(attempts, outcome) is False


async def test_gateways_share_their_counts(valkey_socket, server):
    """Three failures, one at each."""
    limits = LoginLimits(3, 5, 60.0)
    gateways = [
        SharedLoginAttempts(
            redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True), limits, 5.0
        )
        for _ in range(3)
    ]
    for gateway in gateways:
        await judge(gateway, "failed")

    answers = [await judge(gateway, "asked") for gateway in gateways]
    shown = "".join(server.keys("*"))
    for gateway in gateways:
        await gateway.aclose()

    assert answers == [False] * 3
    assert "alice" not in shown
    assert all(0 < server.ttl(key) <= 60 for key in server.keys("*"))


async def test_a_server_that_is_not_there_is_a_fault(tmp_path):
    """None: somebody else has to count."""
    client = redis.asyncio.Redis(unix_socket_path=str(tmp_path / "none.sock"), decode_responses=True)
    attempts = SharedLoginAttempts(client, LoginLimits(3, 5, 60.0))

    assert await attempts.judge("alice", "1.1.1.1", "asked") is None
    await attempts.aclose()
