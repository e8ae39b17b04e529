"""Header fields as a cache reads them."""

from scalelab.stack.http_cache.fields import Fields


def test_fields_named_by_connection_belong_to_the_hop():
    """Connection and what it names are dropped, the rest stays in order."""
    fields = Fields([("A", "1"), ("Connection", "close, X-Hop"), ("X-Hop", "2"), ("TE", "gzip"), ("B", "3")])

    kept = fields.end_to_end()

    assert list(kept) == [("a", "1"), ("b", "3")]


def test_only_refuses_a_field_that_stands_twice():
    """A field that may stand once has no value when it stands twice."""
    fields = Fields([("Age", "1"), ("Age", "2"), ("ETag", '"a"')])

    assert fields.only("age") is None
    assert fields.only("etag") == '"a"'
    assert fields.combined("age") == "1, 2"


def test_with_field_replaces_every_line():
    """Setting a field leaves one line of it."""
    fields = Fields([("Age", "1"), ("Age", "2")]).with_field("Age", "3")

    assert fields == Fields([("age", "3")])
