"""Two phases: known everywhere, then in use. Gateways are stand-ins that read the file when they are told to."""

import pytest

from scalelab.contracts.signing_keys import ReloadedKeys, SigningKeyFile, StoredKey
from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.credentials import signing_key
from scalelab.deployment.errors import KeyRotationError
from scalelab.deployment.key_rotation import activated, published, read_key_file, rotate_keys

NOW_S = 1_700_000_000.0
OLD = StoredKey(name="old", private="00")
NEW = StoredKey(name="new", private="11")
OVER = StoredKey(name="over", private="22", verify_until_s=NOW_S)


class Stack:
    """Three gateways, and what each was seen to have, in order."""

    def __init__(self, key_file):
        self._key_file = key_file
        self.seen = []
        self.deaf = set()

    def view(self):
        services = [
            ServiceView(
                name="api_gateway",
                instance=f"api_gateway-{number}",
                pid=number,
                url="",
                admin_url=f"http://127.0.0.1:{number}",
                state="ready",
            )
            for number in (1, 2, 3)
        ]
        database = services[0].model_copy(update={"name": "database", "instance": "database-1"})
        account = Account(username="u", password="p")
        return StackView(
            name="s",
            ready=True,
            nonce="n",
            url="",
            login=account,
            load_accounts=(),
            services=(*services, database),
            topology=Topology(),
        )

    def reload(self, admin, nonce):
        assert nonce == "n"
        if admin.port in self.deaf:
            return "no answer"
        file = SigningKeyFile.model_validate_json(self._key_file.read_bytes())
        self.seen.append((admin.port, file.active, len(file.keys)))
        return ReloadedKeys(active=file.active, verifying=tuple(key.name for key in file.keys))


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "signing_key"
    path.write_bytes(signing_key("EdDSA"))
    return path


def test_every_gateway_knows_a_key_before_any_uses_it(key_file):
    """All three read two keys with the old one active, and only then the new one signs."""
    stack = Stack(key_file)

    file = rotate_keys(stack, key_file, reload=stack.reload, clock_s=lambda: NOW_S)

    assert stack.seen == [
        *((number, "first", 2) for number in (1, 2, 3)),
        *((number, file.active, 2) for number in (1, 2, 3)),
    ]
    assert [key.verify_until_s for key in file.keys] == [NOW_S + 3600 + 60 + 60, None]
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_one_gateway_does_not_take_is_not_used(key_file):
    """The old one signs on, and the message names the gateway."""
    stack = Stack(key_file)
    stack.deaf = {2}

    with pytest.raises(KeyRotationError, match="api_gateway-2: no answer"):
        rotate_keys(stack, key_file, reload=stack.reload, limit_s=0.0)

    assert read_key_file(key_file).active == "first"


def test_one_rotation_at_a_time(key_file):
    """A second one is told to wait."""
    stack = Stack(key_file)

    def reload(admin, nonce):
        with pytest.raises(KeyRotationError, match="another rotation"):
            rotate_keys(stack, key_file, reload=stack.reload)
        return stack.reload(admin, nonce)

    assert len(rotate_keys(stack, key_file, reload=reload).keys) == 2


def test_keys_whose_time_is_over_go():
    """With the next rotation; none that still verifies does."""
    later = StoredKey(name="later", private="33", verify_until_s=NOW_S + 1)
    before = SigningKeyFile(active="old", keys=(OVER, later, OLD))

    after = published(before, NEW, NOW_S)

    assert [key.name for key in after.keys] == ["later", "old", "new"]
    assert after.active == "old"


def test_an_end_that_is_set_stays():
    """A third rotation does not make the first key live longer."""
    file = SigningKeyFile(active="old", keys=(OVER, OLD, NEW))

    after = activated(file, "new", NOW_S + 100)

    assert [(key.name, key.verify_until_s) for key in after.keys] == [
        ("over", NOW_S),
        ("old", NOW_S + 100),
        ("new", None),
    ]


@pytest.mark.parametrize("content", ["{", '{"active": "x", "keys": [{"name": "a", "private": "5ec2e7"}]}'])
def test_a_torn_file_is_left_alone(key_file, content):
    """And the message shows nothing of it."""
    key_file.write_text(content)
    stack = Stack(key_file)

    with pytest.raises(KeyRotationError, match="holds no set of keys") as caught:
        rotate_keys(stack, key_file, reload=stack.reload)

    assert key_file.read_text() == content
    assert "5ec2e7" not in str(caught.value)
