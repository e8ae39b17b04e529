"""Logins that can be renewed and ended: one protocol, an engine in this process and one on Valkey."""

from scalelab.stack.api_gateway.sessions.base import (
    NewSession,
    Renewal,
    Renewed,
    Replayed,
    Revocation,
    Revocations,
    SessionFault,
    SessionStore,
    UnknownRefreshToken,
)
from scalelab.stack.api_gateway.sessions.opening import open_sessions

__all__ = [
    "NewSession",
    "Renewal",
    "Renewed",
    "Replayed",
    "Revocation",
    "Revocations",
    "SessionFault",
    "SessionStore",
    "UnknownRefreshToken",
    "open_sessions",
]
