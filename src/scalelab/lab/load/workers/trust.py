"""Who may command a load worker: whoever knows its secret, which never travels.

Both sides prove that they know it with a keyed hash over the certificate of their TLS connection (the binding that
RFC 5929 calls tls-server-end-point), so that nobody in between can pass a proof on. Each worker process makes its
certificate anew; nobody has to sign it.
"""

import datetime as dt
import hashlib
import hmac
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LEAST_SECRET_CHARACTERS = 32
"""Whoever stands in between sees a proof, and must not be able to try out secrets."""
_OTHERS = 0o077
_VALID = dt.timedelta(days=3650)
_CLOCK_MARGIN = dt.timedelta(days=1)
Role = Literal["coordinator", "worker"]


class SecretFileError(Exception):
    """Raised when a file cannot serve as the shared secret; the message names it and what to do."""


def read_shared_secret(file: Path) -> str:
    """The secret that a worker and its coordinators share.

    Raises:
        SecretFileError: not readable, readable by others, or too short.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SecretFileError(f"cannot read the secret {file}: {reason}") from error
    if mode & _OTHERS:
        raise SecretFileError(f"others can read the secret {file}: chmod 600 {file}")
    if len(text) < LEAST_SECRET_CHARACTERS:
        raise SecretFileError(
            f"the secret in {file} has {len(text)} characters, at least {LEAST_SECRET_CHARACTERS} are needed: "
            f"openssl rand -hex 32 > {file}"
        )
    return text


def proof_of(secret: str, role: Role, nonce: str, fingerprint: bytes) -> str:
    """That `role` knows the secret, on the connection with that certificate."""
    text = b"\0".join((b"scalelab load worker", role.encode(), nonce.encode(), fingerprint))
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_proven(proof: str, secret: str, role: Role, nonce: str, fingerprint: bytes) -> bool:
    """Whether the proof is the right one; takes as long for a wrong one."""
    return hmac.compare_digest(proof.encode(), proof_of(secret, role, nonce, fingerprint).encode())


@dataclass(frozen=True)
class Certificate:
    """Of one worker process."""

    context: ssl.SSLContext
    fingerprint: bytes
    """SHA-256 of the certificate (DER)."""


def make_certificate() -> Certificate:
    """A new one, self-signed. Its key is on the disk, readable by us alone, for as long as it takes to load it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scalelab load worker")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_MARGIN)
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.NamedTemporaryFile() as file:  # 0600
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        context.load_cert_chain(file.name)
    return Certificate(context, certificate.fingerprint(hashes.SHA256()))
