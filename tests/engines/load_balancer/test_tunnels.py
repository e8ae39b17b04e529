"""Connections that become something else than HTTP, through every engine: WebSockets."""

import asyncio

import pytest
from aiohttp import WSMsgType

pytestmark = pytest.mark.integration


async def test_a_websocket_passes_both_ways(start_gateways, use_balancer):
    """The handshake, what each side says, and the close; meanwhile the gateway has a request in hand."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    async with asyncio.timeout(5), balancer.client.ws_connect("/websocket") as socket:
        said = [await socket.receive_str()]
        for word in ("one", "x" * 100_000, "three"):
            await socket.send_str(word)
            said.append(await socket.receive_str())
        in_flight = (await balancer.view())[gateway.name]["in_flight"]
        await socket.close()
        code = socket.close_code
    await balancer.settled({gateway.name: "up"})

    assert said == [gateway.name, "one", "x" * 100_000, "three"]
    assert in_flight in {1, None}  # nginx does not tell
    assert code == 1000


async def test_a_websocket_survives_others_coming_and_going(start_gateways, use_balancer):
    """B11: the membership is another one, and nobody in the tunnel hears of it."""
    first, second, third = await start_gateways(3)
    balancer = await use_balancer([first])

    async with asyncio.timeout(10), balancer.client.ws_connect("/websocket") as socket:
        await socket.receive_str()
        for members in ([first, second], [first, third], [first]):
            await balancer.put(members)
            await socket.send_str("still there")
            assert await socket.receive_str() == "still there"


async def test_a_websocket_ends_with_its_gateways_drain_time(engine, start_gateways, use_balancer):
    """B11: it keeps its gateway until then, and no longer. The Python engine tells the client to come back."""
    first, second = await start_gateways(2)
    balancer = await use_balancer([first])

    async with asyncio.timeout(10), balancer.client.ws_connect("/websocket") as socket:
        await socket.receive_str()
        removing = asyncio.create_task(balancer.put([second], drain_timeout_s=0.5))
        await balancer.settled({first.name: "draining", second.name: "up"})
        await socket.send_str("still there")
        answer = await socket.receive_str()
        view = await removing
        last = await socket.receive()
        is_closed = socket.closed

    assert answer == "still there"
    assert list(view) == [second.name]
    assert is_closed
    assert last.type is (WSMsgType.CLOSE if engine == "python" else WSMsgType.CLOSED)
    assert last.data == (1012 if engine == "python" else None)


async def test_another_protocol_is_not_begun(start_gateways, use_balancer):
    """An Upgrade to what the balancer does not know is an ordinary request."""
    balancer = await use_balancer(await start_gateways(1))

    async with balancer.client.get("/echo", headers={"Connection": "Upgrade", "Upgrade": "h2c"}) as response:
        received = {name.lower() for name, _ in (await response.json())["headers"]}

    assert response.status == 200
    assert "upgrade" not in received
