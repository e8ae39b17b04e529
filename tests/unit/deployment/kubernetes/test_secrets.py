"""Each part gets the files that it reads, and no other."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import parts_of
from scalelab.deployment.kubernetes.secrets import (
    SECRETS,
    mounted_secrets,
    secret_generators,
    secret_mounts,
    secret_volumes,
)

SERVER = Topology.model_validate({"database": {"url": "postgresql:"}})


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("load_balancer", ()),
        ("api_gateway", ("signing-key", "cache-password")),
        ("microservice", ()),
        ("worker", ("cache-password",)),
        ("database", ("accounts", "database-password")),
        ("cache", ()),
        ("postgresql", ("database-password",)),
    ],
)
def test_keys_go_to_those_who_need_them(part, keys):
    """Only the gateways can sign."""
    assert mounted_secrets(part, SERVER).get("keys", ()) == keys


def test_a_file_as_database_has_no_password():
    """Neither mounted nor made."""
    assert mounted_secrets("database", Topology())["keys"] == ("accounts",)
    assert "database-password" not in {generator["name"] for generator in secret_generators(Topology())}


@pytest.mark.parametrize("topology", [Topology(), SERVER])
def test_every_secret_that_is_made_is_mounted_and_the_other_way_round(topology):
    """A pod with a Secret that is not there does not start."""
    made = {generator["name"] for generator in secret_generators(topology)}
    mounted = {
        source["secret"]["name"]
        for part in parts_of(topology)
        for volume in secret_volumes(part, topology)
        for source in volume["projected"]["sources"]
    }

    assert made == mounted


def test_the_files_are_the_groups_to_read_and_nobodys_to_write():
    """They are root's."""
    volumes = secret_volumes("api_gateway", SERVER)

    assert {volume["projected"]["defaultMode"] for volume in volumes} == {0o440}
    assert all(mount["readOnly"] for mount in secret_mounts("api_gateway", SERVER))


def test_the_balancers_script_stands_beside_its_socket():
    """Where its configuration says."""
    script = secret_mounts("load_balancer", SERVER)[-1]

    assert (script["mountPath"], script["subPath"]) == ("/run/scalelab/lb/hop_by_hop.lua", "hop_by_hop.lua")
    assert "settings/hop_by_hop.lua" in SECRETS["load-balancer-settings"]
