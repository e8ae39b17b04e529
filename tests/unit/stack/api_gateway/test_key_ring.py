"""Several keys in one file: which sign, which verify, and until when."""

import json
import math
import os

import pytest

from scalelab.contracts.signing_keys import SigningKeyFile, StoredKey
from scalelab.stack.api_gateway.key_ring import KeyRing
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token, verify_token
from scalelab.stack.service_kit.cannot_start import CannotStartError

RULES = TokenRules("iss", "aud", 600.0, 30.0)
NOW_S = 1_700_000_000.0


def stored(name, until_s=None):
    return StoredKey(name=name, private=os.urandom(32).hex(), verify_until_s=until_s)


@pytest.fixture
def write(tmp_path):
    """Writes a key file."""
    path = tmp_path / "keys"

    def write(active, *keys):
        path.write_text(SigningKeyFile(active=active, keys=keys).model_dump_json())
        return path

    return write


def test_a_bare_key_is_a_ring_of_one(key_file):
    """It signs and verifies."""
    ring = KeyRing(key_file, "EdDSA")

    assert list(ring) == [ring.active.verification.kid]
    assert ring[ring.active.verification.kid].verify_until_s == math.inf
    assert [key["kid"] for key in ring.public_keys(NOW_S)["keys"]] == list(ring)


def test_two_phases_of_a_rotation_lose_no_token(write):
    """The new key verifies before it signs, and the old one after it has signed."""
    old, new = stored("old"), stored("new")
    ring = KeyRing(write("old", old), "HS256")
    before = sign_token("a", ring.active, RULES, NOW_S)

    write("old", old, new)
    ring.reload()
    between = sign_token("a", ring.active, RULES, NOW_S)
    elsewhere = KeyRing(write("new", old, new), "HS256")
    after = sign_token("a", elsewhere.active, RULES, NOW_S)

    assert elsewhere.active != ring.active
    assert all(verify_token(token, ring, RULES, NOW_S) is not None for token in (before, between, after))
    assert all(verify_token(token, elsewhere, RULES, NOW_S) is not None for token in (before, between, after))


def test_an_old_key_ends_when_it_was_told_to(write):
    """Then its tokens count no longer, whatever they say themselves, and the public set is without it."""
    ring = KeyRing(write("new", stored("old", NOW_S + 100), stored("new")), "HS256")
    old = KeyRing(write("old", *_keys(ring)), "HS256")
    token = sign_token("a", old.active, RULES, NOW_S)

    verified = verify_token(token, ring, RULES, NOW_S)

    assert verified.expires_at_s + RULES.leeway_s == NOW_S + 100
    assert verify_token(token, ring, RULES, NOW_S + 99.9) is not None
    assert verify_token(token, ring, RULES, NOW_S + 100) is None


def _keys(ring):
    return SigningKeyFile.model_validate_json(ring._path.read_bytes()).keys


def test_who_remembers_tokens_hears_of_a_key_that_goes(write):
    """Not of one that comes."""
    heard = []
    old, new = stored("old"), stored("new")
    ring = KeyRing(write("old", old), "HS256")
    ring.tell(lambda: heard.append(len(ring)))

    write("new", old, new)
    ring.reload()
    write("new", new)
    ring.reload()

    assert heard == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b'{"active": "a", "keys": []}',
        b'{"active": "b", "keys": [{"name": "a", "private": "00"}]}',
        b'{"active": "a", "keys": [{"name": "a", "private": "5ec2e7"}]}',
    ],
)
def test_a_torn_or_foolish_file_changes_nothing(write, content):
    """The keys stay, and the message shows nothing of them."""
    path = write("old", stored("old"))
    ring = KeyRing(path, "HS256")
    before = dict(ring)
    path.write_bytes(content)

    with pytest.raises(CannotStartError, match="signing_key_file") as caught:
        ring.reload()

    assert dict(ring) == before
    assert "5ec2e7" not in str(caught.value)


def test_no_key_shows(write, key_file):
    """Neither in a ring's nor in a key's repr."""
    path = write("old", stored("old"))
    secret = json.loads(path.read_text())["keys"][0]["private"]
    ring = KeyRing(path, "HS256")

    shown = repr(ring) + repr(ring.active) + repr(KeyRing(key_file, "EdDSA").active)

    assert bytes.fromhex(secret) not in shown.encode("latin-1", "replace")
    assert "material" not in shown


async def test_tokens_of_a_key_that_goes_are_forgotten(lab, key_file):
    """Remembered ones, too."""
    assert (await lab.client.get("/data?key=1")).status == 200
    from scalelab.deployment.credentials import signing_key  # noqa: PLC0415  another key, as a stack makes it

    key_file.write_bytes(signing_key("EdDSA"))
    lab.parts.access.keys.reload()

    assert (await lab.client.get("/data?key=1")).status == 401
    assert len((await lab.client.get("/.well-known/jwks.json")).json["keys"]) == 1
