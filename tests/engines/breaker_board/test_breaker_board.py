"""What every board of breakers promises: one record of a service, one step at a time, by the board's own clock."""

import asyncio

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.breaker_boards import SharedBreakerBoard
from scalelab.stack.resilience import BoardRule

OPEN_S = 0.3
ROUNDING_S = 1e-6


async def tell(board, *words, epoch=0, service="database"):
    """What is told after the last of these."""
    for word in words:
        posted = await board.tell(service, word, epoch)
    return posted.epoch, posted.open_s, posted.is_granted


async def half_open(board):
    await tell(board, "open")
    await asyncio.sleep(OPEN_S + 0.02)


async def test_what_nobody_has_opened_is_closed(board):
    """And a try is nothing that must be asked for."""
    assert await tell(board, "look") == (0, None, False)
    assert await tell(board, "probe", "good", "bad", "give_up") == (0, None, False)


async def test_many_who_open_at_once_open_once(board):
    """One epoch; each hears how long it still is."""
    told = await asyncio.gather(*(board.tell("database", "open", 0) for _ in range(10)))

    assert {posted.epoch for posted in told} == {1}
    assert all(0 < posted.open_s <= OPEN_S + ROUNDING_S for posted in told)
    assert await tell(board, "look", service="microservice") == (0, None, False)


async def test_nobody_tries_while_it_is_open(board):
    """Whatever the epoch."""
    await tell(board, "open")

    assert [(await tell(board, "probe", epoch=epoch))[2] for epoch in (0, 1, 2)] == [False] * 3


async def test_so_many_tries_in_all_and_as_many_good_ones_close_it(board):
    """Of ten who ask at the same time two; who asks for another epoch gets none."""
    await half_open(board)

    asked = await asyncio.gather(*(board.tell("database", "probe", number % 2) for number in range(20)))
    one = await tell(board, "good", epoch=1)
    both = await tell(board, "good", epoch=1)

    assert sum(posted.is_granted for posted in asked) == 2
    assert (one, both) == ((1, 0.0, False), (1, None, False))


async def test_a_bad_try_opens_it_anew(board):
    """Another epoch; what is said of the one before changes nothing."""
    await half_open(board)
    await tell(board, "probe", epoch=1)

    epoch, open_s, _ = await tell(board, "bad", epoch=1)
    late = await tell(board, "good", "good", "bad", epoch=1)

    assert epoch == 2
    assert 0 < open_s <= OPEN_S + ROUNDING_S
    assert late[0] == 2
    assert late[1] > 0


async def test_a_try_that_was_given_up_is_free_again(board):
    """Its client has gone."""
    await half_open(board)

    granted = [(await tell(board, word, epoch=1))[2] for word in ("probe", "probe", "probe", "give_up", "probe")]

    assert granted == [True, True, False, False, True]


async def test_a_try_of_which_nothing_is_heard_is_waited_for_no_longer(board):
    """Who had it may have been killed."""
    await half_open(board)
    await tell(board, "probe", "probe", epoch=1)

    await asyncio.sleep(OPEN_S + 0.02)

    assert (await tell(board, "probe", epoch=1))[2]


async def test_the_record_ends_by_itself(server, valkey_socket):
    """On a server that others use, too."""
    client = redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True)
    board = SharedBreakerBoard(client, BoardRule(OPEN_S, 2), call_timeout_s=5.0)
    await tell(board, "open")
    (key,) = server.keys("scalelab:breaker:*")
    await board.aclose()

    assert key == "scalelab:breaker:database"
    assert 0 < server.ttl(key) <= 3600


@pytest.mark.parametrize("value", ["garbage", ""])
async def test_what_stands_there_by_accident_is_a_fault(server, valkey_socket, value):
    """A key of another kind tells nothing."""
    server.set("scalelab:breaker:database", value)
    client = redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True)
    board = SharedBreakerBoard(client, BoardRule(OPEN_S, 2), call_timeout_s=5.0)

    assert await board.tell("database", "look", 0) is None
    await board.aclose()


async def test_a_server_that_is_away_tells_nothing():
    """Bounded, and nothing is raised."""
    client = redis.asyncio.Redis(unix_socket_path="/nowhere/valkey.sock")
    board = SharedBreakerBoard(client, BoardRule(OPEN_S, 2))

    assert await board.tell("database", "open", 0) is None
    await board.aclose()
