"""The stream of requests: which template, which key, whose token. Pure: the same seed gives the same stream."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from scalelab.lab.load.keys import KeyPlan, key_iterator
from scalelab.lab.load.requests import Request, RequestTemplate, prepare

NextRequest = Callable[[int], Request]
"""From the number of the user (of the request, where there are no users) to the next request."""
_DRAWS = 1024


class KeysUsedUpError(Exception):
    """Raised when every unique key was asked for: nothing more can be sent."""


def request_stream(
    templates: Sequence[RequestTemplate],
    keys: KeyPlan,
    tokens: Sequence[str] = (),
    seed: int = 1,
    part: int = 0,
    parts: int = 1,
) -> NextRequest:
    """A weighted mix.

    Args:
        templates: at least one.
        keys: for those that have a place for one.
        tokens: of the users; user n has token n modulo their number.
        seed: of keys and choices.
        part: number of this generator, from 0.
        parts: how many generators share the stream.
    """
    renders = [prepare(template, route, has_tokens=bool(tokens)) for route, template in enumerate(templates)]
    needs_key = [template.uses_key for template in templates]
    next_key = key_iterator(keys, seed, part, parts).__next__
    user_tokens = [token.encode() for token in tokens] or [b""]
    next_route = _routes([template.weight for template in templates], (seed, part, 1)).__next__
    if len(templates) == 1 and not needs_key[0] and not tokens:
        only = renders[0](0, b"")
        return lambda _user: only

    def next_request(user: int) -> Request:
        route = next_route()
        try:
            key = next_key() if needs_key[route] else 0
        except StopIteration:
            raise KeysUsedUpError from None
        return renders[route](key, user_tokens[user % len(user_tokens)])

    return next_request


def _routes(weights: Sequence[float], seed: tuple[int, ...]) -> Iterator[int]:
    limits = np.cumsum(np.asarray(weights))
    draws = np.random.default_rng(seed)
    while True:
        yield from np.searchsorted(limits, draws.random(_DRAWS) * limits[-1], side="right").tolist()
