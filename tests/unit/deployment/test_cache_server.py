from pathlib import Path

from scalelab.contracts.topology import Cache
from scalelab.deployment.cache_server import answers_ping, cache_configuration


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
