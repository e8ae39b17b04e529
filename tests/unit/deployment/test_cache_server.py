from pathlib import Path

from scalelab.contracts.topology import Cache
from scalelab.deployment.cache_server import answers_ping, cache_configuration, unreachable_reason
from scalelab.deployment.listeners import Endpoint, Listener


def test_server_listens_on_its_socket_only_and_keeps_the_queue():
    """No TCP port; keys without a time to live, which are the queue's, are never evicted and survive a restart."""
    lines = cache_configuration(Cache(max_memory_mib=64), Path("/s p/c.sock"), Path("/s p/data")).splitlines()

    assert "port 0" in lines
    assert 'unixsocket "/s p/c.sock"' in lines
    assert "unixsocketperm 600" in lines
    assert "maxmemory 64mb" in lines
    assert "maxmemory-policy volatile-lru" in lines
    assert {"appendonly yes", "appendfsync everysec", 'dir "/s p/data"'} <= set(lines)


def test_nobody_answers_where_there_is_no_socket(tmp_path):
    """Trouble is a value."""
    assert not answers_ping(tmp_path / "none.sock")


def test_url_where_nobody_listens_has_a_reason(tmp_path):
    """Refused, absent and impossible addresses read as reasons."""
    assert "refused" in unreachable_reason("redis://127.0.0.1:1/0")
    assert "No such file" in unreachable_reason(f"unix://{tmp_path}/none.sock")
    assert unreachable_reason("redis://127.0.0.1:99999/0")


def test_url_where_somebody_listens_has_none():
    """A connection is enough here; the services log in themselves."""
    with Listener(Endpoint("127.0.0.1", 0)) as listener:
        assert unreachable_reason(f"redis://:pw@127.0.0.1:{listener.endpoint.port}/0") == ""
