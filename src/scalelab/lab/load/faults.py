"""What can go wrong with one request, as values: whose fault it is, and what it is called in results. Pure."""

import errno
import ssl
from typing import NamedTuple


class Fault(NamedTuple):
    """Why there is no answer."""

    kind: str
    is_generator_fault: bool = False
    """This machine's own: the system under test never heard of it."""


_GENERATOR_ERRORS = {
    errno.EADDRNOTAVAIL: "generator: no local port left (EADDRNOTAVAIL)",
    errno.EMFILE: "generator: no descriptor left in the process (EMFILE)",
    errno.ENFILE: "generator: no descriptor left on the machine (ENFILE)",
    errno.ENOBUFS: "generator: no network buffer left (ENOBUFS)",
    errno.ENOMEM: "generator: no memory left (ENOMEM)",
}
_CONNECT_ERRORS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "no connection: timed out in the network",
    errno.EHOSTUNREACH: "no connection: host unreachable",
    errno.ENETUNREACH: "no connection: network unreachable",
}
CLOSED_EARLY = Fault("closed in the middle of an answer")
CLOSED_UNANSWERED = Fault("closed without an answer")
TOO_LARGE_HEAD = Fault("malformed answer: its head is too large")
UNASKED_UPGRADE = Fault("malformed answer: an upgrade that nobody asked for")


def connect_fault(error: Exception) -> Fault:
    """Why no connection could be opened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault(f"certificate refused: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Fault(f"TLS failed: {getattr(error, 'reason', None) or 'no reason given'}")
    if isinstance(error, OSError):
        return _by_number(error, "no connection")
    return Fault(f"no connection: {type(error).__name__}")


def loss_fault(error: Exception | None, *, has_any_byte: bool) -> Fault:
    """Why a connection ended while an answer was due."""
    if error is None:
        return CLOSED_EARLY if has_any_byte else CLOSED_UNANSWERED
    return _by_number(error, "connection lost")


def malformed(error: Exception) -> Fault:
    """The answer is no HTTP."""
    return Fault(f"malformed answer: {type(error).__name__.removeprefix('HttpParser')}")


def _by_number(error: Exception, otherwise: str) -> Fault:
    number = getattr(error, "errno", None)
    if number in _GENERATOR_ERRORS:
        return Fault(_GENERATOR_ERRORS[number], is_generator_fault=True)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return Fault("connection reset")
    if number in _CONNECT_ERRORS:
        return Fault(_CONNECT_ERRORS[number])
    return Fault(f"{otherwise}: {errno.errorcode.get(number or 0, type(error).__name__)}")
