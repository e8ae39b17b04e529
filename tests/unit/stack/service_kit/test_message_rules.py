"""Messages that are well formed and still not to be believed."""

from http import HTTPStatus

import pytest

from scalelab.stack.service_kit.message_rules import (
    MAX_HEAD_BYTES,
    Framing,
    framing_of,
    is_mostly_overhead,
    size_of_head,
)

HOST = (b"host", b"lab")
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    ("version", "fields", "framing"),
    [
        ("1.1", [HOST], Framing()),
        ("1.0", [], Framing()),
        ("1.1", [(b"host", b"[::1]:8080")], Framing()),
        ("1.1", [(b"host", b"")], Framing()),
        ("1.1", [HOST, (b"content-length", b" 12 ")], Framing(length_bytes=12)),
        ("1.1", [HOST, (b"transfer-encoding", b" Chunked\t")], Framing(is_chunked=True)),
        ("1.1", [HOST, (b"content-length", b"9" * 15)], Framing(length_bytes=int("9" * 15))),
    ],
)
def test_one_host_and_one_framing_are_plain(version, fields, framing):
    """What is left has one meaning."""
    assert framing_of(version, b"/x", fields) == framing


@pytest.mark.parametrize(
    ("version", "target", "fields"),
    [
        ("1.1", b"/x", []),
        ("1.1", b"/x", [HOST, HOST]),
        ("1.0", b"/x", [HOST, HOST]),
        ("1.1", b"/x", [(b"host", b"lab/evil")]),
        ("1.1", b"/x", [(b"host", b"user@lab")]),
        ("1.1", b"/x", [(b"host", "läb".encode())]),
        ("1.1", b"/x", [(b"host", b"l" * 256)]),
        ("1.1", b"/x#y", [HOST]),
        ("1.1", b"/x", [HOST, CHUNKED, (b"content-length", b"3")]),
        ("1.1", b"/x", [HOST, CHUNKED, CHUNKED]),
        ("1.0", b"/x", [HOST, CHUNKED]),
        ("1.1", b"/x", [HOST, (b"transfer-encoding", b",chunked")]),
        ("1.1", b"/x", [HOST, (b"transfer-encoding", b"gzip, chunked")]),
        ("1.1", b"/x", [HOST, (b"transfer-encoding", b"")]),
        ("1.1", b"/x", [HOST, (b"content-length", b"3"), (b"content-length", b"3")]),
        ("1.1", b"/x", [HOST, (b"content-length", b"9" * 16)]),
        ("1.1", b"/x", [HOST, (b"content-length", "٣".encode())]),
        ("1.1", b"/x", [HOST, (b"content-length", b"")]),
    ],
)
def test_two_meanings_are_a_bad_request(version, target, fields):
    """Two hosts, two framings, a length that overflows, a coding besides."""
    assert framing_of(version, target, fields) is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("version", ["0.9", "2.0", "1.2", "9.9"])
def test_other_versions_are_not_spoken(version):
    """505."""
    assert framing_of(version, b"/x", [HOST]) is HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


def test_a_body_may_be_longer_when_nobody_says():
    """Chunked, or announced."""
    assert Framing(is_chunked=True).is_longer_than(10)
    assert Framing(length_bytes=11).is_longer_than(10)
    assert not Framing(length_bytes=10).is_longer_than(10)
    assert not Framing().is_longer_than(0)


def test_sizes_are_counted():
    """Of a head; and of what is around a body."""
    assert size_of_head(b"/12", [(b"a", b"bc"), (b"d", b"")]) == 3 + 7 + 5
    assert not is_mostly_overhead(MAX_HEAD_BYTES, 0)
    assert is_mostly_overhead(MAX_HEAD_BYTES + 17, 1)
    assert not is_mostly_overhead(5_000_000, 1_000_000)
