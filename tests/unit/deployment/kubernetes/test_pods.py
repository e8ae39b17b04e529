"""Pods are as closed as the level `restricted` of the Pod Security Standards demands, and more."""

import pytest

DOCUMENT = {"database": {"url": "postgresql:"}}
PARTS = ("load-balancer", "api-gateway", "microservice", "worker", "database", "cache", "postgresql")


@pytest.mark.parametrize("name", PARTS)
def test_no_root_no_rights_nothing_to_write_to(objects, name):
    """Nor a token for the API."""
    pod = objects(DOCUMENT).pods[name]
    (container,) = pod["containers"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", PARTS)
def test_every_container_is_limited_and_asks_for_no_more(objects, name):
    """CPU in thousandths of a core, memory in MiB."""
    resources = objects(DOCUMENT).pods[name]["containers"][0]["resources"]
    amounts = {
        kind: (int(resources[kind]["cpu"].removesuffix("m")), int(resources[kind]["memory"].removesuffix("Mi")))
        for kind in ("requests", "limits")
    }

    assert all(0 < asked <= most for asked, most in zip(amounts["requests"], amounts["limits"], strict=True))


@pytest.mark.parametrize("name", PARTS)
def test_every_container_is_probed_on_a_port_that_it_has(objects, name):
    """Started, ready, alive."""
    (container,) = objects(DOCUMENT).pods[name]["containers"]
    named = {port["name"] for port in container["ports"]}
    probes = [container[kind] for kind in ("startupProbe", "readinessProbe", "livenessProbe")]

    asked = [probe[how]["port"] for probe in probes for how in ("httpGet", "tcpSocket") if how in probe]

    assert asked
    assert set(asked) <= named


@pytest.mark.parametrize("name", PARTS)
def test_what_runs_before_the_end_fits_into_the_grace_period(objects, name):
    """Else the pod would be killed while it waits."""
    pod = objects(DOCUMENT).pods[name]
    sleep = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {"seconds": 0})

    assert sleep["seconds"] < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", ["load-balancer", "api-gateway", "microservice", "database"])
def test_whoever_is_asked_by_name_waits_until_its_name_is_forgotten(objects, name):
    """Before it is told to end."""
    (container,) = objects(DOCUMENT).pods[name]["containers"]

    assert container["lifecycle"]["preStop"]["sleep"]["seconds"] >= 5


@pytest.mark.parametrize("url", ["sqlite:", "postgresql:"])
def test_every_mount_has_its_volume_and_every_volume_its_mount(objects, url):
    """Data are claimed by what makes the pod."""
    stack = objects({"database": {"url": url}})
    for name, pod in stack.pods.items():
        claims = stack.workloads[name]["spec"].get("volumeClaimTemplates", [])
        volumes = [volume["name"] for volume in pod["volumes"]] + [claim["metadata"]["name"] for claim in claims]
        mounts = [mount["name"] for mount in pod["containers"][0]["volumeMounts"]]

        assert len(volumes) == len(set(volumes)), name
        assert set(volumes) == set(mounts), name


def test_postgresqls_folder_is_not_opened_to_its_group_at_each_start(objects):
    """The server refuses one that is."""
    assert objects(DOCUMENT).pods["postgresql"]["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
