import json

import pytest

from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.board import Board
from scalelab.lab.watch.playing import Player
from scalelab.lab.watch.web import PAGE, Site

TOKEN = "made-up"
HOST = "127.0.0.1:8000"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
ACT = {"kind": "release", "target": "api_gateway-1"}


class Released:
    """A system that lets one thing be done."""

    def __init__(self):
        self.asked = []

    def view(self):
        raise SystemGoneError("there is nothing to look at")

    def not_offered(self):
        return {"kill": "not here"}

    def end_fault(self, target):
        self.asked.append(target)


@pytest.fixture
def system():
    return Released()


@pytest.fixture
def client(system, started, ask):
    """`await client("POST", "/acts", document, {header: value})`, with the host's own name unless it says another."""
    site = Site(Board(), Player(lambda: system, None), lambda: system, TOKEN, "127.0.0.1")

    async def send(method, path, document=None, headers=None, body=None):
        content = json.dumps(document).encode() if body is None else body
        given = {"Host": HOST, "Content-Length": str(len(content))} | (headers or {})
        app = site.app()
        async with started(app):
            return await ask(app, method, path, content, given)

    return send


async def test_nothing_changes_without_the_token(client, system):
    """Neither without it, nor with another, nor from another site's page."""
    refusals = [
        await client("POST", "/acts", ACT),
        await client("POST", "/acts", ACT, {"Authorization": "Bearer guess"}),
        await client("POST", "/acts", ACT, AUTHORISED | {"Origin": "http://evil.example"}),
        await client("POST", "/acts", ACT, AUTHORISED | {"Host": "evil.example"}),
        await client("GET", "/acts", ACT, AUTHORISED),
    ]

    assert [refusal.status for refusal in refusals] == [401, 401, 403, 421, 405]
    assert system.asked == []
    assert (await client("POST", "/acts", ACT, AUTHORISED | {"Origin": f"http://{HOST}"})).status == 202


async def test_an_act_that_cannot_be_is_refused_with_its_reason(client):
    """No act at all, one that is not offered, one that is too long."""
    nonsense = await client("POST", "/acts", [], AUTHORISED)
    refused = await client("POST", "/acts", {"kind": "kill", "target": "database-1"}, AUTHORISED)
    too_long = await client("POST", "/acts", body=b" " * 5000, headers=AUTHORISED)

    assert (nonsense.status, refused.status, too_long.status) == (422, 409, 413)
    assert refused.document == {"trouble": "not here"}


async def test_the_token_can_be_tried(client):
    """So that a page knows whether to offer acts."""
    assert (await client("POST", "/token", headers=AUTHORISED)).status == 204
    assert (await client("POST", "/token", headers={"Authorization": "Bearer other"})).status == 401


async def test_the_page_is_whole_and_loads_nothing_from_elsewhere(client):
    """Every file is served as it is; scripts and styles come from here alone, and the browser is told so."""
    index = await client("GET", "/")

    assert "script-src 'self'" in index.headers["content-security-policy"]
    assert index.headers["cache-control"] == "no-store"
    for file in PAGE.iterdir():
        served = await client("GET", f"/page/{file.name}")
        assert served.body == file.read_bytes()
        assert "://" not in served.body.decode().replace("http://www.w3.org/2000/svg", "")
    assert (await client("GET", "/page/absent.js")).status == 404
    assert (await client("GET", "/page/../web.py")).status == 404


def test_files_of_the_page_stay_small():
    """One concept each."""
    assert max(len(file.read_text(encoding="utf-8").splitlines()) for file in PAGE.iterdir()) < 300
