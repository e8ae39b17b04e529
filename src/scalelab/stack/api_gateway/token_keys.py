"""Keys of tokens: read from files, named by their thumbprint, so that all gateways of a stack agree."""

import binascii
import math
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scalelab.stack.service_kit.cannot_start import CannotStartError

TokenAlgorithm = Literal["EdDSA", "HS256"]
MIN_SECRET_BYTES = 32
"""RFC 7518, section 3.2: a key of at least the size of the hash output."""


@dataclass(frozen=True)
class VerificationKey:
    """What verifies: the algorithm belongs to the key, whatever a token says."""

    kid: str
    algorithm: TokenAlgorithm
    material: Ed25519PublicKey | bytes = field(repr=False)
    verify_until_s: float = math.inf
    """Unix time from which its tokens no longer count."""


@dataclass(frozen=True)
class SigningKey:
    """What signs, and its verifying half."""

    material: Ed25519PrivateKey | bytes = field(repr=False)
    verification: VerificationKey


def load_signing_key(path: Path, algorithm: TokenAlgorithm) -> SigningKey:
    """The key in `path`: PEM of an Ed25519 private key, or hexadecimal for HS256.

    Raises:
        CannotStartError: unreadable, of another kind, or too short. The message holds nothing of the key.
    """
    return parse_signing_key(path, read_key_file(path), algorithm)


def read_key_file(path: Path) -> bytes:
    """The content of the file.

    Raises:
        CannotStartError: unreadable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotStartError(f"signing_key_file {path} cannot be read: {error.strerror}") from error


def parse_signing_key(
    path: Path, content: bytes, algorithm: TokenAlgorithm, *, verify_until_s: float | None = None
) -> SigningKey:
    """One key.

    Args:
        path: where it stands; for the message alone.
        content: PEM or hexadecimal.
        algorithm: which of the two.
        verify_until_s: when its tokens end; None for never.

    Raises:
        CannotStartError: of another kind, or too short.
    """
    key = _secret(path, content) if algorithm == "HS256" else _key_pair(path, content)
    if verify_until_s is None:
        return key
    return replace(key, verification=replace(key.verification, verify_until_s=verify_until_s))


def public_key_set(keys: Iterable[VerificationKey]) -> dict[str, object]:
    """The key set of RFC 7517. A shared secret is not in it."""
    return {
        "keys": [
            {**_public_members(key.material), "kid": key.kid, "alg": key.algorithm, "use": "sig"}
            for key in keys
            if not isinstance(key.material, bytes)
        ]
    }


def _key_pair(path: Path, content: bytes) -> SigningKey:
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CannotStartError(f"signing_key_file {path} holds no unencrypted PEM private key") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise CannotStartError(f"signing_key_file {path} holds no Ed25519 key, which token_algorithm EdDSA needs")
    public = private.public_key()
    return SigningKey(private, VerificationKey(_thumbprint(public), "EdDSA", public))


def _secret(path: Path, content: bytes) -> SigningKey:
    try:
        secret = binascii.unhexlify(content.strip())
    except binascii.Error:
        raise CannotStartError(
            f"signing_key_file {path} is not hexadecimal, as token_algorithm HS256 needs"
        ) from None
    if len(secret) < MIN_SECRET_BYTES:
        raise CannotStartError(
            f"signing_key_file {path} holds {len(secret)} bytes; HS256 needs at least {MIN_SECRET_BYTES}"
        )
    kid = digest(secret, b"scalelab key id", "sha256").hex()[:16]
    return SigningKey(secret, VerificationKey(kid, "HS256", secret))


def _thumbprint(public: Ed25519PublicKey) -> str:
    """RFC 7638: a hash over the required members in the order of their names."""
    members = _public_members(public)
    canonical = ",".join(f'"{name}":"{members[name]}"' for name in sorted(members))
    return _base64url(sha256(f"{{{canonical}}}".encode()).digest())


def _public_members(public: Ed25519PublicKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
