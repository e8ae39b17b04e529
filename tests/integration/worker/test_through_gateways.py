"""`/longtask` from outside: two real gateways, a real worker and Valkey between them."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import aiohttp
import pytest

from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

RULES = TokenRules(issuer="scalelab", audience="scalelab", lifetime_s=600, leeway_s=0)


@pytest.fixture
def tokens(tmp_path):
    """A token for each name, and the file of the key that signed it."""
    file = tmp_path / "key"
    file.write_text(secrets.token_hex(32))
    key = load_signing_key(file, "HS256")
    return {name: sign_token(name, key, RULES, time.time()) for name in ("ada", "bob")}


@pytest.fixture
def gateways(valkey, records, tmp_path, tokens):
    """The base URLs of two gateways."""
    with ExitStack() as stack:
        addresses = [_start_gateway(stack, number, valkey, records, tmp_path) for number in (1, 2)]
        yield [f"http://127.0.0.1:{port}" for port in addresses]


def _start_gateway(stack, number, valkey, records, tmp_path) -> int:
    traffic, admin = (stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2))
    settings = {
        "instance": f"api_gateway-{number}",
        "stack_nonce": "nonce",
        "listen": f"fd://{traffic.fileno()}",
        "admin_listen": f"fd://{admin.fileno()}",
        "database_url": records.url,
        "microservice_url": records.url,
        "cache_url": valkey.url,
        "cache_password_file": str(valkey.password_file),
        "queue_url": valkey.url,
        "task_result_ttl_s": 60.0,
        "upstream_slots": 0,
        "slot_wait_timeout_s": 5.0,
        "upstream_timeout_s": 5.0,
        "cache_ttl_s": 60.0,
        "token_algorithm": "HS256",
        "token_lifetime_s": 600.0,
        "clock_leeway_s": 0.0,
        "token_issuer": RULES.issuer,
        "token_audience": RULES.audience,
        "signing_key_file": str(tmp_path / "key"),
        "graceful_timeout_s": 1.0,
    }
    file = tmp_path / f"gateway-{number}.json"
    file.write_text(json.dumps(settings))
    process = subprocess.Popen(
        [sys.executable, "-m", "scalelab.stack.api_gateway"],
        env=os.environ | {"SCALELAB_SETTINGS": str(file)},
        stderr=stack.enter_context((tmp_path / f"gateway-{number}.log").open("wb")),
        pass_fds=[traffic.fileno(), admin.fileno()],
    )
    stack.callback(process.wait)
    stack.callback(process.send_signal, signal.SIGTERM)
    return traffic.getsockname()[1]


@pytest.fixture
async def call(gateways, tokens):
    """`await call(gateway number, method, path, who, ...)`: status, headers and document."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(number, method, path, who="ada", document=None, **headers):
            fields = {"Authorization": f"Bearer {tokens[who]}"} | headers
            url = gateways[number - 1] + path
            async with session.request(method, url, json=document, headers=fields) as answer:
                return answer.status, answer.headers, await answer.json(content_type=None)

        yield send


async def seen(call, path, *states):
    """The first answer of the other gateway that shows one of the states."""
    async with asyncio.timeout(15):
        while True:
            status, headers, view = await call(2, "GET", path)
            if view["state"] in states:
                return status, headers, view
            await asyncio.sleep(0.05)


async def test_a_long_task_from_outside(call, start_worker, valkey):
    """Every promise of the HTTP contract, at whichever gateway, and what is said when the queue is gone."""
    start_worker()
    keyed = {"Idempotency-Key": "k-1", "X-Request-Id": "request-1"}
    task = {"duration_s": 0.3, "count": 40}
    posts = await asyncio.gather(*(call(1 + n % 2, "POST", "/longtask", "ada", task, **keyed) for n in range(50)))
    location = posts[0][1]["Location"]
    reused = await call(2, "POST", "/longtask", "ada", {"count": 41}, **keyed)
    bad = await call(1, "POST", "/longtask", "ada", {"count": 0, "duration_s": -1})
    foreign = await call(1, "GET", location, "bob")
    done = await seen(call, location, "succeeded", "dead")
    too_late = await call(1, "DELETE", location)
    _, headers, _ = await call(1, "POST", "/longtask", "ada", {"duration_s": 600})
    endless = headers["Location"]
    running = await seen(call, endless, "running")
    cancelling = await call(2, "DELETE", endless)
    cancelled = await seen(call, endless, "cancelled")
    await asyncio.to_thread(valkey.stop)
    gone = await asyncio.gather(*(call(1, "POST", "/longtask", "ada", task) for _ in range(20)))
    await asyncio.to_thread(valkey.start)
    forgotten = await call(1, "GET", location)

    assert {(status, headers["Location"]) for status, headers, _ in posts} == {(202, location)}
    assert (reused[0], bad[0], foreign[0], too_late[0]) == (422, 422, 404, 409)
    assert "count" in bad[2]["detail"]
    assert "duration_s" in bad[2]["detail"]
    assert (done[0], done[2]["state"], done[2]["attempts"], done[2]["result"]["records"]) == (200, "succeeded", 1, 40)
    assert ("Retry-After" in running[1], "Retry-After" in done[1]) == (True, False)
    assert (cancelling[0], cancelling[2]["state"]) == (202, "cancelling")
    assert (cancelled[0], "Retry-After" in cancelled[1]) == (200, False)
    assert {(status, "Retry-After" in headers) for status, headers, _ in gone} == {(503, True)}
    assert forgotten[0] == 404
