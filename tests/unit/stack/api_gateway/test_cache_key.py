"""No two requests share a key."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.cache_key import cache_key, key_material

parts = st.lists(st.binary(max_size=12), min_size=6, max_size=6)


@given(parts, parts)
def test_different_parts_have_different_material(some, others):
    """Wherever one part ends and the next begins."""
    assert (key_material(*some) == key_material(*others)) == (some == others)


def test_every_part_counts():
    """A change of any one of them changes the key."""
    base = {"method": "GET", "host": "h", "path": "/p", "query": b"q", "scope": "public", "subject": "s"}
    keys = {cache_key(**base)}
    keys |= {
        cache_key(**{**base, name: value + (b"x" if isinstance(value, bytes) else "x")})
        for name, value in base.items()
    }

    assert len(keys) == 7


def test_a_delimiter_does_not_move_a_border():
    """`?a=1:b=2` and `?a=1&b=2`, or a path that swallows the query."""
    base = {"method": "GET", "host": "h", "scope": "public", "subject": ""}
    keys = {
        cache_key(**base, path=path, query=query)
        for path, query in (("/d", b"a=1:b=2"), ("/d", b"a=1&b=2"), ("/d?a=1", b"b=2"), ("/d?a=1:b=2", b""))
    }

    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
