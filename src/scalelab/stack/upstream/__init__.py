"""The client of the request path: a thin pool of HTTP/1.1 connections on uvloop and httptools.

One connection carries one request at a time. Trouble is a value. It follows no redirect, keeps no cookie,
decodes nothing and adds no header but Host and the body's framing.
"""

from scalelab.stack.upstream.call import Call
from scalelab.stack.upstream.client import UpstreamClient
from scalelab.stack.upstream.exchange import Exchange
from scalelab.stack.upstream.values import StreamedAnswer, UpstreamAnswer, UpstreamFault, UpstreamFaultKind

__all__ = [
    "Call",
    "Exchange",
    "StreamedAnswer",
    "UpstreamAnswer",
    "UpstreamClient",
    "UpstreamFault",
    "UpstreamFaultKind",
]
