"""Keys and tokens that ours and the peers can all verify. The secret is printable: HAProxy takes it as text."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token

ISSUER = "scalelab"
AUDIENCE = "scalelab-gateway"
RULES = TokenRules(issuer=ISSUER, audience=AUDIENCE, lifetime_s=7200, leeway_s=30)
_PRIVATE = 0o600

Algorithm = Literal["EdDSA", "HS256"]


@dataclass(frozen=True)
class Tokens:
    """Signed tokens in a file, one a line, and the key file that verifies them."""

    algorithm: Algorithm
    key_file: Path
    file: Path
    first: str
    secret: str
    """Of HS256; empty for EdDSA."""


def make_tokens(folder: Path, count: int, algorithm: Algorithm) -> Tokens:
    """A new key and `count` tokens of as many subjects."""
    secret = secrets.token_hex(16) if algorithm == "HS256" else ""
    key_file = folder / f"key-{algorithm}-{count}"
    _write_private(key_file, secret.encode().hex().encode() if secret else _ed25519_pem())
    return sign_tokens(key_file, algorithm, folder / f"tokens-{algorithm}-{count}", count, secret)


def sign_tokens(key_file: Path, algorithm: Algorithm, file: Path, count: int, secret: str = "") -> Tokens:
    """`count` tokens signed with a key at hand."""
    key = load_signing_key(key_file, algorithm)
    signed = [sign_token(f"user{number}", key, RULES, time.time()) for number in range(count)]
    _write_private(file, "".join(f"{token}\n" for token in signed).encode())
    return Tokens(algorithm, key_file, file, signed[0], secret)


def _ed25519_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(file: Path, content: bytes) -> None:
    file.touch(_PRIVATE)
    file.write_bytes(content)
