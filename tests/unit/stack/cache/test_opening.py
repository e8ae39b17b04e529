"""Which address opens which engine."""

import pytest

from scalelab.stack.cache.opening import open_cache


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("memory:", "<memory cache: 0 entries, 0 bytes>"),
        ("unix:///run/v.sock", "<valkey cache at unix:///run/v.sock>"),
        ("redis://127.0.0.1:6379/0", "<valkey cache at redis://127.0.0.1:6379/0>"),
        ("redis://user:secret@127.0.0.1:6379/0", "<valkey cache at 127.0.0.1:6379/0>"),
    ],
)
async def test_an_address_names_its_engine(url, sentence):
    """Nothing is connected yet, and no password shows."""
    cache = open_cache(url)

    assert repr(cache) == sentence
    await cache.aclose()


async def test_the_password_comes_from_its_file(tmp_path):
    """And reaches the client."""
    file = tmp_path / "password"
    file.write_text("secret\n")

    cache = open_cache("unix:///run/v.sock", password_file=file)

    assert cache._client._password == "secret"
    await cache.aclose()


def test_any_other_address_is_refused():
    """The message names the setting."""
    with pytest.raises(ValueError, match="cache_url = 'memcached:' is neither"):
        open_cache("memcached:")
