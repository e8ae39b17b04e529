"""What services are told in containers: names for addresses, secrets as files, and time to drain."""

from pathlib import Path

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import ContainerLayout, drain_delay_s

SECRETS = ("cache-secret", "database-secret")


def layout(document=None):
    return ContainerLayout(Topology.model_validate(document or {}), "nonce", *SECRETS)


def test_services_find_each_other_by_name():
    """And read what they need from where the file mounts it."""
    settings = layout().settings()

    gateway = settings["api_gateway"]
    assert (gateway.listen, gateway.admin_listen) == ("0.0.0.0:8080", "0.0.0.0:8081")
    assert (gateway.database_url, gateway.microservice_url) == ("http://database:8080", "http://microservice:8080")
    assert (gateway.cache_url, gateway.queue_url) == ("redis://cache:6379/0", "redis://cache:6379/0")
    assert gateway.cache_password_file == Path("/run/scalelab/keys/cache_password")
    assert gateway.signing_key_file == Path("/run/scalelab/keys/signing_key")
    assert settings["microservice"].database_url == "http://database:8080"
    assert (settings["worker"].listen, settings["worker"].queue_url) == ("", "redis://cache:6379/0")
    assert settings["database"].url == "sqlite:/run/scalelab/data/records.sqlite"
    assert settings["database"].accounts_file == Path("/run/scalelab/keys/accounts.json")


def test_the_balancer_knows_one_name():
    """As many gateways as it stands for."""
    (member,) = layout().settings()["load_balancer"].members

    assert (member.name, member.host, member.port) == ("api_gateway", "api_gateway", 8080)


def test_no_setting_holds_a_password():
    """Only files do."""
    document = {"database": {"url": "postgresql:"}}
    texts = [settings.model_dump_json() for settings in layout(document).settings().values()]

    assert [text for text in texts for secret in SECRETS if secret in text] == []


def test_the_cache_demands_the_password_and_keeps_its_data():
    """A fresh configuration, with the memory that was asked for."""
    lines = layout({"cache": {"max_memory_mib": 64}}).cache_configuration().splitlines()

    assert "requirepass cache-secret" in lines
    assert "maxmemory 64mb" in lines
    assert "appendonly yes" in lines


def test_a_memory_cache_has_no_queue():
    """No worker is started for it."""
    chosen = layout({"cache": {"engine": "memory"}})

    assert chosen.settings()["api_gateway"].cache_url == "memory:"
    assert chosen.variables(Path("/state"), 1, "1:1")["WORKERS"] == "0"


def test_a_database_server_of_its_own():
    """Started by a profile, reached by name, with the password from a file."""
    chosen = layout({"database": {"url": "postgresql:"}})

    database = chosen.settings()["database"]
    assert database.url == "postgresql://scalelab@postgresql/scalelab"
    assert database.password_file == Path("/run/scalelab/keys/database_password")
    assert (chosen.profiles, layout().profiles) == (("postgresql",), ())


def test_the_gateways_trust_the_balancer_in_their_network():
    """Whose address is not known beforehand; what the topology trusts stays."""
    peers = layout().settings()["api_gateway"].trusted_peers

    assert {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(peers)


def test_variables_of_the_file():
    """Replicas, quota and owner."""
    document = {"api_gateway": {"replicas": 3, "cpu_limit_cores": 0.25}, "worker": {"replicas": 2}}

    variables = layout(document).variables(Path("/state"), 8123, "1000:1000")

    assert variables == {
        "SCALELAB_STATE": "/state",
        "SCALELAB_HOST": "127.0.0.1",
        "SCALELAB_PORT": "8123",
        "SCALELAB_USER": "1000:1000",
        "GATEWAYS": "3",
        "WORKERS": "2",
        "CACHE_MEMORY": "576M",
        "GATEWAY_CPUS": "0.25",
        "GATEWAY_DRAIN_DELAY_S": "1.75",
    }


@pytest.mark.parametrize(("interval_s", "fall", "delay_s"), [(0.25, 2, 1.75), (1.0, 3, 5.0)])
def test_a_gateway_says_goodbye_long_enough(interval_s, fall, delay_s):
    """For every check that takes it out, one that was just missed, and a margin."""
    balancer = Topology.model_validate({"load_balancer": {"health_interval_s": interval_s, "health_fall": fall}})

    assert drain_delay_s(balancer.load_balancer) == pytest.approx(delay_s)
