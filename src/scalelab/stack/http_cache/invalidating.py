"""Which stored responses a write makes worthless (RFC 9111 section 4.4)."""

from urllib.parse import urljoin, urlsplit

from scalelab.stack.http_cache.exchange import Response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FIRST_ERROR_STATUS = 400
_FIRST_FINAL_STATUS = 200


def invalidated_urls(method: str, url: str, response: Response) -> tuple[str, ...]:
    """URLs (path and query) whose stored responses must go, when a request succeeded.

    Args:
        method: of the request.
        url: absolute URL of the request.
        response: a failed one (4xx, 5xx) invalidates nothing.
    """
    if method in SAFE_METHODS or not _FIRST_FINAL_STATUS <= response.status < _FIRST_ERROR_STATUS:
        return ()
    urls = [url]
    for name in ("location", "content-location"):
        value = response.fields.only(name)
        if value is not None:
            named = urljoin(url, value)
            if urlsplit(named)[:2] == urlsplit(url)[:2]:
                urls.append(named)
    return tuple(dict.fromkeys(_path_and_query(candidate) for candidate in urls))


def _path_and_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
