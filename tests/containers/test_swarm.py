"""A stack on a Swarm of two nodes: spread, scaled and updated without a failed request, and one node lost."""

import json
import re
import socket
import time
from collections import Counter
from datetime import datetime
from urllib.parse import urlsplit

import pytest

from containers.waiting import done

pytestmark = pytest.mark.timeout(1200)

ON_SWARM = ("up", "--on", "swarm", "--detach", "--set", "load_balancer.host=0.0.0.0")
SERVICES = {"load_balancer", "api_gateway", "microservice", "worker", "cache", "database"}
STAY = SERVICES & {"load_balancer", "cache", "database"}
CUT_AFTER_S = 15.0
NODE_LOSS_LOAD_S = 180.0
BACK_LIMIT_S = 150.0
"""A Swarm misses a node after 15 s, waits 5 s, and starts what ran there; the machine may be busy."""
NOTICED_LIMIT_S = 20.0
"""Two checks, each given up after a quarter of a second; the machine may be busy."""
LOST_LIMIT_S = 10.0
"""Of what half of the gateways would have answered."""
LATE_SHARE = 0.01
"""Lost when all replicas are back: none because of the node, but the machine may have less to spare than before."""


@pytest.fixture(scope="module")
def stack(scalelab_on_swarm):
    """One with four gateways, for all tests up to the one that ends it."""
    scalelab_on_swarm(*ON_SWARM, "--gateways", "4")
    return scalelab_on_swarm.status()


@pytest.fixture
def under_load(scalelab_on_swarm, stack, login, tmp_path):
    """Starts an open load on reads that miss the cache; its result comes from what is handed back."""
    token_file, result_file = tmp_path / "token", tmp_path / "result.json"
    token_file.write_text(login(stack))
    target = (f"{stack['url']}/data?key={{key}}", "--keys", "uniform:5000", "--token-file", token_file)

    def start(rate_per_s, duration_s):
        load = scalelab_on_swarm.start(
            "load", *target, "--rate", rate_per_s, "--duration", duration_s, "--json", result_file
        )

        def result():
            words, _ = load.communicate(timeout=duration_s + 120.0)
            assert result_file.exists(), words
            return json.loads(result_file.read_text())

        return result

    def capacity_per_s():
        scalelab_on_swarm("load", *target, "--closed", "16", "--duration", "8", "--json", result_file, codes=(0, 3))
        return json.loads(result_file.read_text())["rate_per_s"]

    start.capacity_per_s = capacity_per_s
    return start


def gateways_by_node(status):
    return Counter(
        one["node"] for one in status["services"] if one["name"] == "api_gateway" and one["state"] == "ready"
    )


def lines(engine, *arguments):
    return engine.run(*arguments).split()


def test_it_is_spread_and_every_part_answers(stack, ask, login):
    """Two gateways on each node; what has files or a port on the first; a task goes all the way."""
    token = login(stack)

    instances = {ask(stack["url"], "GET", "/health")[1]["instance"] for _ in range(12)}
    code, answer = ask(stack["url"], "GET", "/data?key=7", token=token)

    assert stack["ready"]
    assert {service["name"] for service in stack["services"]} == SERVICES
    assert gateways_by_node(stack) == {"node1": 2, "node2": 2}
    assert {service["node"] for service in stack["services"] if service["name"] in STAY} == {"node1"}
    assert instances == {f"api_gateway-{number}" for number in (1, 2, 3, 4)}
    assert (code, answer["key"]) == (200, 7)
    code, task = ask(stack["url"], "POST", "/longtask", body={"count": 3, "duration_s": 0.1}, token=token)
    assert code == 202, task
    assert done(lambda: ask(stack["url"], "GET", f"/longtask/{task['id']}", token=token)[1]["state"] == "succeeded")


def test_it_is_as_closed_as_it_says(swarm, scalelab_on_swarm, stack):
    """No root, nothing to write to, no capability, limits, secrets in no text and for the user alone, one port."""
    keys = scalelab_on_swarm.home / "stacks" / "default" / "keys"
    secrets = [(keys / name).read_text() for name in ("cache_password", "database_password")]
    secrets += [stack["login"]["password"], stack["nonce"]]

    for service in SERVICES:
        (document,) = json.loads(swarm.manager.run("service", "inspect", f"scalelab-default_{service}"))
        task = document["Spec"]["TaskTemplate"]
        container = task["ContainerSpec"]
        assert (container["User"], container["ReadOnly"], container["CapabilityDrop"]) == (
            "10001:10001",
            True,
            ["ALL"],
        )
        assert task["Resources"]["Limits"].keys() == {"NanoCPUs", "MemoryBytes"}, service
        files = [secret["File"] for secret in container["Secrets"]]
        assert {(file["UID"], file["GID"], file["Mode"]) for file in files} == {("10001", "10001", 0o400)}, service
        ports = document["Spec"]["EndpointSpec"].get("Ports", [])
        assert [port["PublishMode"] for port in ports] == (["host"] if service == "load_balancer" else [])
        seen = json.dumps(document) + swarm.manager.service_logs(f"scalelab-default_{service}")
        assert [secret for secret in secrets if secret in seen] == [], service


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (ON_SWARM, "a stack named 'default' runs already"),
        (
            ("up", "--on", "swarm", "--name", "b", "--detach"),
            "is not offered on swarm, which publishes a port on every",
        ),
        (("run", "classic", "--on", "swarm"), "--on swarm is not for `scalelab run`"),
        (("run", "classic", "--on-running", "default"), "runs on a Swarm, and this needs the admin ports"),
        (("purge", "--all"), "runs on a Swarm, and this needs the admin ports"),
        (("keys", "rotate"), "cannot be rotated"),
    ],
)
def test_what_a_swarm_does_not_offer_is_refused(scalelab_on_swarm, stack, command, words):
    """One line, exit code 2; the stack is not touched."""
    refused = scalelab_on_swarm(*command, codes=(2,))

    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("scalelab:")]
    assert words in line


def test_a_node_that_only_works_cannot_start_a_stack(swarm, scalelab_on_swarm):
    """It is said which one could."""
    worker = {"DOCKER_HOST": swarm.engines[2].environment["DOCKER_HOST"]}

    refused = scalelab_on_swarm(*ON_SWARM, "--name", "other", codes=(2,), environment=worker)

    assert "manages no Swarm" in refused.stderr


def test_scaling_and_updates_under_load_fail_no_request(swarm, scalelab_on_swarm, under_load):
    """Five gateways, then three, then four; then these and the microservice are replaced, one after the other."""
    result = under_load(40, 150)

    for replicas in (5, 3, 4):
        scalelab_on_swarm("scale", f"api_gateway={replicas}")
        assert gateways_by_node(scalelab_on_swarm.status()).total() == replicas
    before = set(lines(swarm.manager, "ps", "--quiet"))
    for service in ("api_gateway", "microservice"):
        swarm.manager.run("service", "update", "--force", "--quiet", f"scalelab-default_{service}", limit_s=300.0)
    after = set(lines(swarm.manager, "ps", "--quiet"))

    found = result()
    assert (found["failed"], found["timed_out"], found["censored"], found["not_sent"]) == (0, 0, 0, 0), found
    assert found["completed"] == 40 * 150
    assert len(before - after) >= 2, "nothing was replaced"


def test_a_node_is_lost_under_load_and_the_stack_recovers(swarm, scalelab_on_swarm, stack, under_load):
    """Its cable is pulled at half of the capacity: the balancer leaves its gateways, the Swarm starts others.

    When the node answers again, it is taken back, and an update spreads the gateways anew.
    """
    rate_per_s = max(10.0, under_load.capacity_per_s() / 2)
    result = under_load(rate_per_s, NODE_LOSS_LOAD_S)
    time.sleep(CUT_AFTER_S)
    there = gateways_by_node(scalelab_on_swarm.status())["node2"]
    assert there >= 1
    swarm.switch.cut(2)
    cut_at_s = time.time()

    def is_back():
        return gateways_by_node(scalelab_on_swarm.status()) == {"node1": 4}

    try:
        assert done(is_back, limit_s=BACK_LIMIT_S)
        back_after_s = time.time() - cut_at_s
        found = result()
    finally:
        swarm.switch.mend(2)
    noticed_after_s = noticed_at_s(swarm.manager, cut_at_s, there) - cut_at_s
    lost = found["failed"] + found["timed_out"]

    print(  # noqa: T201  the figures of docs/how_to/run-on-a-swarm.md
        f"{found['sent']} requests at {rate_per_s:.0f}/s, {lost} lost ({found['failure_kinds']}); the balancer "
        f"noticed after {noticed_after_s:.1f} s, all replicas were back after {back_after_s:.1f} s"
    )
    started_at_s = datetime.fromisoformat(found["started_at"]).timestamp()
    assert started_at_s < cut_at_s - 1.0, "the load had not begun"
    assert started_at_s + NODE_LOSS_LOAD_S > cut_at_s + back_after_s, "the load ended too early"
    assert noticed_after_s < NOTICED_LIMIT_S
    assert lost < rate_per_s / 2 * LOST_LIMIT_S
    late = [slot for slot in found["timeline"] if started_at_s + slot["start_s"] > cut_at_s + back_after_s + 15.0]
    lost_late = sum(slot["failed"] + slot["timed_out"] for slot in late)
    assert lost_late < LATE_SHARE * sum(slot["sent"] for slot in late)
    assert done(lambda: lines(swarm.manager, "node", "ls", "--format", "{{.Status}}") == ["Ready"] * 2, limit_s=60.0)
    swarm.manager.run("service", "update", "--force", "--quiet", "scalelab-default_api_gateway", limit_s=300.0)
    assert set(gateways_by_node(scalelab_on_swarm.status())) == {"node1", "node2"}


def noticed_at_s(engine, since_s, gateways):
    """When HAProxy had said of so many gateways that they are down, by the engine's clock."""
    times = [
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z", r"\1+00:00", line.split()[0])).timestamp()
        for line in engine.service_logs("scalelab-default_load_balancer").splitlines()
        if "DOWN" in line
    ]
    return sorted(at_s for at_s in times if at_s > since_s)[gateways - 1]


def test_down_leaves_nothing(swarm, scalelab_on_swarm, stack):
    """No container on either node, no network, no secret, no port; logs stay."""
    scalelab_on_swarm("down")

    address = urlsplit(stack["url"])
    for kind in ("network", "secret", "config", "service"):
        assert "scalelab" not in swarm.manager.run(kind, "ls"), kind
    for engine in swarm.engines.values():
        assert engine.run("ps", "--quiet") == ""
    with socket.socket() as connection:
        assert connection.connect_ex((address.hostname, address.port)) != 0
    root = scalelab_on_swarm.home / "stacks" / "default"
    assert {path.name for path in root.iterdir()} == {"logs"}
    logs = {path.name for path in (root / "logs").iterdir()}
    assert {"api_gateway-1.log", "api_gateway-4.log", "database-1.log", "cache-1.log"} <= logs
    assert scalelab_on_swarm("status", codes=(1,)).stderr.startswith("scalelab: no stack named 'default' is running")


def test_an_image_that_a_node_cannot_have_is_said_and_nothing_is_left(swarm, scalelab_on_swarm):
    """In the Swarm's own words, with the node, long before any deadline."""
    began_s = time.monotonic()

    failed = scalelab_on_swarm(*ON_SWARM, codes=(1,), environment={"HAPROXY_IMAGE": "nobody-has-it:1"})

    assert "load_balancer-1 was not healthy: " in failed.stderr
    assert "nobody-has-it:1" in failed.stderr
    assert "(on node node1)" in failed.stderr
    assert time.monotonic() - began_s < 240.0
    assert "scalelab" not in swarm.manager.run("service", "ls")


def test_a_database_server_of_the_stacks_own(swarm, scalelab_on_swarm, ask, login):
    """Started at the same time as what needs it, which is started again until it is there."""
    scalelab_on_swarm(*ON_SWARM, "--set", "database.url=postgresql:", "--set", "database.records=500")
    status = scalelab_on_swarm.status()

    code, answer = ask(status["url"], "GET", "/data?key=7", token=login(status))
    scalelab_on_swarm("down")

    assert (code, answer["key"]) == (200, 7)
