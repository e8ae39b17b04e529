"""Where workers listen, as people write it."""

import pytest

from scalelab.lab.load.workers.addresses import AddressError, WorkerAddress, Workers, parse_address, parse_addresses


@pytest.mark.parametrize("text", ["10.0.0.2:7100", "load-1.example:7100", "[fd00::2]:7100", "localhost:0"])
def test_an_address_is_written_as_it_is_read(text):
    """Names, numbers and IPv6."""
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text", ["", "host", ":7100", "host:port", "host:70000", "a@host:1", "host:1/x", "fd00::2:7100"]
)
def test_what_is_no_address_is_told_with_one_that_is(text):
    """It is named, and what to write."""
    with pytest.raises(AddressError, match=r"write HOST:PORT, such as 10\.0\.0\.2:7100"):
        parse_address(text)


def test_several_are_separated_by_commas():
    """A machine stands there once."""
    assert [address.port for address in parse_addresses("a:1, b:2")] == [1, 2]
    with pytest.raises(AddressError, match="a:1 stands there twice"):
        parse_addresses("a:1,b:1,a:1")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("box", False)],  # noqa: S104  what it is about
)
def test_loopback_is_what_only_this_machine_reaches(host, is_loopback):
    """A name that could be anything is not."""
    assert WorkerAddress(host=host, port=1).is_loopback is is_loopback


def test_the_secret_is_not_shown():
    """Not even by accident."""
    assert "hush" not in repr(Workers(parse_addresses("a:1"), "hush"))
