"""Who may ask what: pure rules over the headers of a request. Whoever reaches the page may look; acts need a token.

Against DNS rebinding: a name that is not ours is refused, so another site's page cannot read or act through a
visitor's browser. Addresses are let in: rebinding needs a name.
"""

from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

_BEARER = "Bearer "
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def is_our_host(host: str | None, own_name: str) -> bool:
    """Whether a `Host` header names us: an address, `localhost`, or the name that we were told to listen on."""
    try:
        name = urlsplit(f"//{host}").hostname if host else None
    except ValueError:
        return False
    if name is None:
        return False
    return name in {"localhost", own_name.lower()} or _is_address(name)


def is_our_origin(origin: str | None, host: str) -> bool:
    """Whether the page that asks is ours; programs that are no browsers send no `Origin`."""
    return origin is None or origin == f"http://{host}"


def holds_token(authorization: str | None, token: str) -> bool:
    """Whether an `Authorization` header proves that its sender was given the token."""
    given = (authorization or "").removeprefix(_BEARER)
    return compare_digest(given.encode(), token.encode())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
