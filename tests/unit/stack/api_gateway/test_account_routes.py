"""The routes around tokens: methods, the public keys, and new keys on the admin listener."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from scalelab.contracts.signing_keys import SigningKeyFile, StoredKey
from scalelab.deployment.credentials import signing_key
from scalelab.stack.api_gateway.account_routes import key_routes


@pytest.mark.parametrize("path", ["/login", "/logout", "/token/refresh"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_a_post_changes_anything(lab, path, method):
    """405 with the method that is there."""
    answer = await lab.client.request(method, path)

    assert (answer.status, answer["Allow"]) == (405, "POST")


@pytest.fixture
async def admin(lab):
    """The admin listener's routes, over a real socket."""
    app = web.Application()
    app.add_routes(key_routes(lab.parts.access.keys))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_new_keys_are_taken_and_published(lab, admin, key_file):
    """The answer names them and shows nothing of them."""
    old = StoredKey(name="old", private=key_file.read_text())
    new = StoredKey(name="new", private=signing_key("EdDSA").decode())
    key_file.write_text(SigningKeyFile(active="new", keys=(old, new)).model_dump_json())

    async with admin.post("/keys/reload") as answer:
        status, document = answer.status, await answer.json()
    published = (await lab.client.get("/.well-known/jwks.json")).json["keys"]

    assert (status, document) == (200, {"active": "new", "verifying": ["old", "new"]})
    assert len(published) == 2
    assert not any("d" in key for key in published)
    assert (await lab.client.get("/data?key=1")).status == 200


async def test_a_torn_file_is_told_and_changes_nothing(lab, admin, key_file):
    """409 with the reason; the keys of before go on."""
    key_file.write_text("{")

    async with admin.post("/keys/reload") as answer:
        status, document = answer.status, json.loads(await answer.text())

    assert (status, document["reloaded"]) == (409, False)
    assert "signing_key_file" in document["reason"]
    assert (await lab.client.get("/data?key=1")).status == 200
