"""Makes everything secret of a stack: signing key, accounts with their hashes, nonce. Never logs any of it."""

import json
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scalelab.contracts.priorities import PRIORITY_SCOPE_PREFIX, Priority
from scalelab.contracts.records import DATA_WRITE_SCOPE
from scalelab.contracts.stack_view import Account
from scalelab.deployment.private_files import write_private

TokenAlgorithm = Literal["EdDSA", "HS256"]
SYMMETRIC_KEY_BYTES = 32
PASSWORD_BYTES = 12
SCOPES = (DATA_WRITE_SCOPE,)
"""What a generated account may do beyond reading."""
HASH_THREADS = 2
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's smallest Argon2id profile: the passwords are random, so a dearer hash would only burden the gateways."""


@dataclass(frozen=True)
class Credentials:
    """Who may log in, and how this stack tells itself from any other."""

    nonce: str
    login: Account
    load_accounts: tuple[Account, ...]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All of them."""
        return (self.login, *self.load_accounts)


def generate_credentials(load_pool_size: int) -> Credentials:
    """A nonce, one account for people, and a pool for load."""
    return Credentials(
        nonce=secrets.token_hex(16),
        login=_account("user"),
        load_accounts=tuple(_account(f"load{number}") for number in range(1, load_pool_size + 1)),
    )


def signing_key(algorithm: TokenAlgorithm) -> bytes:
    """A new key as the gateways read it: PEM (EdDSA) or hexadecimal (HS256)."""
    if algorithm == "HS256":
        return secrets.token_hex(SYMMETRIC_KEY_BYTES).encode()
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_account_hashes(
    path: Path, accounts: Iterable[Account], priorities: Sequence[Priority] = ()
) -> Future[None]:
    """Hash in threads (Argon2 runs without the interpreter's lock) and write; done when the file is there.

    Args:
        path: of the file.
        accounts: the one for people, then those of the pool.
        priorities: classes of the pool's, in turn.
    """

    def hash_all() -> None:
        with ThreadPoolExecutor(HASH_THREADS, thread_name_prefix="argon2") as threads:
            listed = list(accounts)
            hashes = threads.map(HASHER.hash, [account.password for account in listed])
            entries = [
                {"password_hash": password_hash, "scopes": [*SCOPES, *_class_of(number, priorities)]}
                for number, password_hash in enumerate(hashes)
            ]
            document = dict(zip((account.username for account in listed), entries, strict=True))
        write_private(path, json.dumps(document).encode())

    pool = ThreadPoolExecutor(1, thread_name_prefix="accounts")
    done = pool.submit(hash_all)
    pool.shutdown(wait=False)
    return done


def _class_of(number: int, priorities: Sequence[Priority]) -> list[str]:
    """As a scope, of the account with this number, where it has one."""
    return [PRIORITY_SCOPE_PREFIX + priorities[(number - 1) % len(priorities)]] if number and priorities else []


def _account(prefix: str) -> Account:
    return Account(username=f"{prefix}-{secrets.token_hex(3)}", password=secrets.token_urlsafe(PASSWORD_BYTES))
