"""What the database service answers: records that prove themselves."""

from hashlib import blake2b
from typing import Annotated

from pydantic import Field

from scalelab.contracts.model import Contract

RECORDS_PATH = "/records"
"""`GET /records/{key}`, `PUT /records/{key}`, `GET /records?first_key=K&count=N`."""
ACCOUNTS_PATH = "/accounts"
"""`GET /accounts/{username}`: `AccountRecord`; 404 for an unknown one. No simulated delay."""
SCOPE_PATTERN = r"^[\x21\x23-\x5b\x5d-\x7e]+$"
"""One scope: printable ASCII without blank, quote and backslash (RFC 6749, section 3.3)."""
DATA_WRITE_SCOPE = "data:write"
"""What `PUT /data` demands."""
_CHECKSUM_BYTES = 8


def record_checksum(key: int, version: int, value: str) -> str:
    """The checksum of a record: 16 hexadecimal digits over key, version and value."""
    return blake2b(f"{key}:{version}:{value}".encode(), digest_size=_CHECKSUM_BYTES).hexdigest()


class Record(Contract):
    """One record. `checksum` covers key, version and value, so that a torn or foreign answer shows."""

    key: Annotated[int, Field(ge=1)]
    version: Annotated[int, Field(ge=1)]
    value: str
    checksum: str
    """See `record_checksum`."""

    def is_whole(self) -> bool:
        """Whether the checksum fits the rest."""
        return self.checksum == record_checksum(self.key, self.version, self.value)


MAX_RANGE_RECORDS = 10_000
"""Largest `count` of a range query."""


class RecordUpdate(Contract):
    """Body of `PUT`."""

    value: Annotated[str, Field(max_length=65_536, pattern=r"^[^\x00]*$")]
    """At most 65,536 characters; no NUL, which PostgreSQL cannot hold."""


class RecordRange(Contract):
    """Answer of a range query."""

    records: tuple[Record, ...]


class AccountRecord(Contract):
    """A user, the Argon2 hash of the password, and what tokens of this user may do."""

    username: str
    password_hash: str
    scopes: tuple[Annotated[str, Field(pattern=SCOPE_PATTERN)], ...] = ()
