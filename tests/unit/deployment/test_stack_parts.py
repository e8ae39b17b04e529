import json

from scalelab.contracts.topology import Topology
from scalelab.deployment.events import EventLog
from scalelab.deployment.fleet import Command, Fleet, Owner
from scalelab.deployment.scaling import instances_of
from scalelab.deployment.stack_parts import bound_instance, gateway_endpoints, made_parts, write_secrets
from scalelab.deployment.state_directory import StackDirectory


def test_plan_knows_every_bound_port(tmp_path):
    """Nothing is guessed: addresses in the plan are those that are bound."""
    topology = Topology.model_validate(
        {"api_gateway": {"replicas": 2}, "accounts": {"load_pool_size": 1}, "cache": {"url": "redis://:pw@host:1/0"}}
    )
    directory = StackDirectory("x", tmp_path / "x")
    directory.create()
    directory.create_places()
    owner = Owner(lambda _one: Command([], {}), lambda _one: "", lambda _one: None)
    fleet = Fleet(directory, owner, EventLog(tmp_path / "log"))
    try:
        for service, replicas in instances_of(topology).items():
            for number in range(1, replicas + 1):
                fleet.add(bound_instance(topology, directory, service, number))
        parts = made_parts(topology, directory, fleet)
        write_secrets(parts).result()
        ports = {name: endpoint.port for name, endpoint in gateway_endpoints(fleet.of("api_gateway")).items()}
        database = fleet.of("database")[0].view().url
    finally:
        fleet.close()

    assert {member.name: member.port for member in parts.plan.members} == ports
    assert parts.plan.database_url == database
    assert parts.traffic.nonce == parts.plan.nonce == parts.credentials.nonce
    assert len(json.loads(parts.plan.accounts_file.read_text())) == 2
    assert parts.plan.cache_password_file.read_text() == "pw"
    assert {file.stat().st_mode & 0o777 for file in directory.keys.iterdir()} == {0o600}
