"""TLS towards an upstream: whose certificates are believed. Nothing is believed by accident."""

import ssl
from pathlib import Path


class TlsError(Exception):
    """Raised when certificates to be believed are of no use; says which and why."""


def tls_context(*, ca_pem: str = "", ca_file: str = "", is_verified: bool = True) -> ssl.SSLContext:
    """TLS 1.2 or newer; the upstream's certificate must fit its name and be signed by one that is believed.

    Args:
        ca_pem: certificates to believe in the place of the machine's, as PEM.
        ca_file: the same in a file.
        is_verified: False takes whoever answers for the upstream.

    Raises:
        TlsError: `ca_pem` or `ca_file` holds no certificate or cannot be read.
    """
    what = f"ca_file = {ca_file!r}" if ca_file else "ca_pem"
    try:
        pem = Path(ca_file).read_text(encoding="ascii") if ca_file else ca_pem
        context = ssl.create_default_context(cadata=pem or None)
    except OSError as error:  # an SSLError is one, too
        raise TlsError(f"{what} cannot be used: {error.strerror or error.args[-1]}") from error
    except ValueError as error:
        raise TlsError(f"{what} holds no PEM certificate: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
