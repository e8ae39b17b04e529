"""The Compose file in a Swarm's words."""

from scalelab.deployment.containers.swarm_file import stack_file


def service(**said):
    general = {
        "image": "scalelab:latest",
        "user": "10001:10002",
        "command": None,
        "deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "1"}}, "endpoint_mode": "dnsrr", "placement": {}},
    }
    return general | said


def stack(**said):
    project = {
        "name": "lab",
        "services": {"api_gateway": service(**said)},
        "networks": {},
        "secrets": {},
        "configs": {},
    }
    return stack_file(project | {"x-ours": {}}, "node1")


def gateway(**said):
    return stack(**said)["services"]["api_gateway"]


def test_what_a_swarm_does_not_know_is_left_out():
    """It would refuse the file for it."""
    found = gateway(
        build={"context": "."}, depends_on={"cache": {}}, profiles=["a"], restart="always", security_opt=["b"]
    )

    assert {"build", "depends_on", "profiles", "restart", "security_opt", "command"}.isdisjoint(found)
    assert set(stack()) == {"version", "services", "networks", "secrets", "configs"}


def test_each_instance_is_told_its_name():
    """By the Swarm's own number; what else it is told stays."""
    assert gateway(environment={"A": "1"})["environment"] == {
        "A": "1",
        "SCALELAB_INSTANCE": "api_gateway-{{.Task.Slot}}",
    }


def test_secrets_are_the_users_own():
    """A Swarm would make them root's, and readable by all."""
    found = gateway(secrets=[{"source": "signing_key", "target": "/run/key"}])

    assert found["secrets"] == [
        {"source": "signing_key", "target": "/run/key", "uid": "10001", "gid": "10002", "mode": 0o400}
    ]


def test_what_has_files_or_a_port_of_this_machine_stays_on_it():
    """Everything else goes anywhere."""
    bind = {"type": "bind", "source": "/state", "target": "/data", "bind": {}}
    port = {"mode": "ingress", "host_ip": "192.0.2.1", "target": 8080, "published": "80", "protocol": "tcp"}
    stays = {"constraints": ["node.id == node1"]}

    assert gateway(volumes=[bind])["deploy"]["placement"] == stays
    assert gateway(ports=[port])["deploy"]["placement"] == stays
    assert gateway(tmpfs=["/tmp"])["deploy"]["placement"] == {}
    assert gateway(volumes=[bind])["volumes"] == [{"type": "bind", "source": "/state", "target": "/data"}]


def test_a_port_is_the_nodes_own():
    """No balancer of the Swarm's in between, no address that it would ignore."""
    found = gateway(
        ports=[{"mode": "ingress", "host_ip": "192.0.2.1", "target": 8080, "published": "80", "protocol": "tcp"}]
    )

    assert found["ports"] == [{"target": 8080, "published": 80, "protocol": "tcp", "mode": "host"}]


def test_memory_for_files():
    """As a volume: the short form is not for a Swarm."""
    assert gateway(tmpfs=["/tmp:mode=1777"])["volumes"] == [{"type": "tmpfs", "target": "/tmp"}]


def test_limits_and_what_is_meant_for_a_swarm_stay():
    """Cores as text, as version 3 has it."""
    assert gateway()["deploy"] == {
        "resources": {"limits": {"cpus": "0.5", "memory": "1"}},
        "endpoint_mode": "dnsrr",
        "placement": {},
    }


def test_a_busy_container_is_not_killed():
    """The check stays; its verdict takes longer than in Compose, which only shows it."""
    assert gateway(healthcheck={"test": ["CMD", "ready"], "retries": 3})["healthcheck"] == {
        "test": ["CMD", "ready"],
        "retries": 12,
        "start_period": "120s",
    }
