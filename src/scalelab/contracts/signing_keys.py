"""The file of a stack's signing keys, once there is more than one: written by a deployment, read by the gateways.

A file with one bare key (PEM or hexadecimal) is as good; a rotation turns it into this.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from scalelab.contracts.model import Contract

KEYS_RELOAD_PATH = "/keys/reload"
"""`POST` on a gateway's admin listener, with the stack's nonce: reads the file again. Answers `ReloadedKeys`."""


FIRST_KEY_NAME = "first"
"""Of the key of a file that holds a bare one."""


class StoredKey(Contract):
    """One key. `private` is a secret: the file that holds it is 0600."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    private: Annotated[str, Field(repr=False)]
    """PEM of an Ed25519 private key, or a secret in hexadecimal."""
    verify_until_s: float | None = None
    """Unix time from which tokens of this key no longer count; None for as long as it stands here."""


class SigningKeyFile(Contract):
    """All keys that verify, and the name of the one that signs."""

    active: str
    keys: Annotated[tuple[StoredKey, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _active_is_one_of_them(self) -> Self:
        names = [key.name for key in self.keys]
        if len(set(names)) != len(names) or self.active not in names:
            raise ValueError("active must name one of the keys, and no two keys may share a name")
        return self


class ReloadedKeys(Contract):
    """What a gateway has after it read the file: names of the keys, none of their contents."""

    active: str
    verifying: tuple[str, ...]
