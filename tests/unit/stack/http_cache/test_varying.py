"""Variants (RFC 9111 section 4.1)."""

from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.varying import variant_of, varying_names


def test_names_are_gathered_from_all_lines():
    """Order and case of the names do not count; a star anywhere means never."""
    assert varying_names(Fields([("Vary", "Foo, bar"), ("Vary", "Baz")])) == ("bar", "baz", "foo")
    assert varying_names(Fields([("Vary", "Foo, *")])) == ("*",)
    assert varying_names(Fields()) == ()


def test_absent_and_empty_are_two_variants():
    """A request that omits the field does not match one that has it."""
    names = ("foo",)

    assert variant_of(names, Fields()) != variant_of(names, Fields([("Foo", "")]))


def test_the_same_meaning_is_the_same_variant():
    """White space, lines and the order of languages do not make a variant; preference does."""
    names = ("accept-language", "foo")
    one = Fields([("Foo", "1,2"), ("Accept-Language", "en, de")])
    same = Fields([("Foo", "1"), ("Foo", "2"), ("Accept-Language", "DE,en")])
    other = Fields([("Foo", "1,2"), ("Accept-Language", "en;q=0.5, de")])

    assert variant_of(names, one) == variant_of(names, same)
    assert variant_of(names, one) != variant_of(names, other)
