import json

import pytest
from argon2.exceptions import VerifyMismatchError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scalelab.deployment.credentials import HASHER, generate_credentials, signing_key, write_account_hashes


def test_every_stack_has_its_own():
    """No two stacks share a nonce, a user or a password."""
    one, other = generate_credentials(3), generate_credentials(3)

    assert len(one.load_accounts) == 3
    secrets = [one.nonce, other.nonce, *(account.password for account in (*one.accounts, *other.accounts))]
    assert len(set(secrets)) == len(secrets)
    assert len({account.username for account in one.accounts}) == 4


def test_file_holds_argon2_hashes_that_fit(tmp_path):
    """Hashes only, one for each account, readable by the owner only."""
    credentials = generate_credentials(1)
    file = tmp_path / "accounts.json"

    write_account_hashes(file, credentials.accounts).result()

    entries = json.loads(file.read_text())
    hashes = {username: entry["password_hash"] for username, entry in entries.items()}
    assert list(hashes) == [account.username for account in credentials.accounts]
    assert all(HASHER.verify(hashes[account.username], account.password) for account in credentials.accounts)
    assert {tuple(entry["scopes"]) for entry in entries.values()} == {("data:write",)}
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(VerifyMismatchError):
        HASHER.verify(hashes[credentials.login.username], "wrong")


def test_classes_are_given_to_the_pool_in_turn(tmp_path):
    """None to the account for people."""
    credentials, file = generate_credentials(3), tmp_path / "accounts.json"

    write_account_hashes(file, credentials.accounts, ("high", "low")).result()

    scopes = [entry["scopes"][1:] for entry in json.loads(file.read_text()).values()]
    assert scopes == [[], ["priority:high"], ["priority:low"], ["priority:high"]]


def test_failed_write_is_the_futures_error(tmp_path):
    """Whoever waits for the hashes learns that there are none."""
    done = write_account_hashes(tmp_path / "absent" / "accounts.json", [])

    with pytest.raises(FileNotFoundError):
        done.result()


def test_keys_have_the_form_that_gateways_read():
    """PEM for EdDSA, 32 bytes in hexadecimal for HS256; new each time."""
    assert isinstance(load_pem_private_key(signing_key("EdDSA"), None), Ed25519PrivateKey)
    assert len(bytes.fromhex(signing_key("HS256").decode())) == 32
    assert signing_key("HS256") != signing_key("HS256")
