"""What the database service answers: records that prove themselves."""

from typing import Annotated

from pydantic import Field

from scalelab.contracts.model import Contract

RECORDS_PATH = "/records"
"""`GET /records/{key}`, `PUT /records/{key}`, `GET /records?first_key=K&count=N`."""
ACCOUNTS_PATH = "/accounts"
"""`GET /accounts/{username}`: `AccountRecord`; 404 for an unknown one. No simulated delay."""


class Record(Contract):
    """One record. `checksum` covers key, version and value, so that a torn or foreign answer shows."""

    key: Annotated[int, Field(ge=1)]
    version: Annotated[int, Field(ge=1)]
    value: str
    checksum: str


class RecordUpdate(Contract):
    """Body of `PUT`."""

    value: Annotated[str, Field(max_length=65_536)]


class RecordRange(Contract):
    """Answer of a range query."""

    records: tuple[Record, ...]


class AccountRecord(Contract):
    """A user and the Argon2 hash of the password."""

    username: str
    password_hash: str
