from pathlib import Path

import pytest

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import (
    BalancerSettings,
    DatabaseSettings,
    GatewaySettings,
    MicroserviceSettings,
    WorkerSettings,
)
from scalelab.contracts.topology import Topology
from scalelab.deployment.service_plan import StackPlan, split_password
from scalelab.deployment.state_directory import StackDirectory

ROOT = Path("/s/stacks/x")


def plan(**tables):
    return StackPlan(
        topology=Topology.model_validate(tables),
        nonce="n0nce",
        directory=StackDirectory("x", ROOT),
        database_url="http://127.0.0.1:1",
        microservice_url="http://127.0.0.1:2",
        members=(Member(name="api_gateway-1", host="127.0.0.1", port=3),),
    )


def settings(service, listen="fd://5", **tables):
    return plan(**tables).settings(service, f"{service}-1", listen, "fd://6")


@pytest.mark.parametrize(
    ("service", "model"),
    [
        ("load_balancer", BalancerSettings),
        ("api_gateway", GatewaySettings),
        ("microservice", MicroserviceSettings),
        ("database", DatabaseSettings),
        ("worker", WorkerSettings),
    ],
)
def test_every_service_is_told_who_it_is(service, model):
    """Name, nonce, addresses and logging reach each of them."""
    told = settings(service, logging={"level": "debug", "access_sample_ratio": 0.5})

    assert type(told) is model
    assert (told.instance, told.stack_nonce, told.listen, told.admin_listen) == (
        f"{service}-1",
        "n0nce",
        "fd://5",
        "fd://6",
    )
    assert (told.log_level, told.access_sample_ratio) == ("debug", 0.5)


def test_without_the_laboratory_a_gateway_reads_accounts_itself():
    """There is no database service to ask, and no queue."""
    upstreams = {"shop": {"url": "http://127.0.0.1:9"}}
    routes = [{"path": "/", "upstream": "shop"}]

    told = settings("api_gateway", laboratory=False, upstreams=upstreams, routes=routes)

    assert (told.accounts_file, told.queue_url) == (ROOT / "keys" / "accounts.json", "memory:")
    assert told.routes[0].path == "/"
    assert settings("api_gateway").accounts_file is None


def test_gateway_is_told_its_limits_and_neighbours():
    """Topology values and the stack's own addresses meet in the settings."""
    told = settings("api_gateway", api_gateway={"upstream_slots": 8, "replicas": 3}, worker={"result_ttl_s": 5})

    assert told.upstream_slots == 8
    assert told.task_result_ttl_s == 5
    assert (told.database_url, told.microservice_url) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert told.cache_url == told.queue_url == "unix:///s/stacks/x/cache.sock"
    assert told.cache_password_file is None
    assert told.signing_key_file == ROOT / "keys" / "signing_key"


def test_memory_cache_means_no_queue():
    """Without a server, the gateway has its own cache and no queue."""
    told = settings("api_gateway", cache={"engine": "memory"})

    assert told.cache_url == told.queue_url == "memory:"


def test_password_of_the_broker_goes_to_a_file():
    """The worker's settings name it; no other service is told of the broker."""
    worker = {"broker": "rabbitmq", "broker_url": "amqp://ada:s%23cret@broker:5672/lab"}
    told = settings("worker", worker=worker)

    assert (told.broker, told.broker_url) == ("rabbitmq", "amqp://ada@broker:5672/lab")
    assert told.broker_password_file == ROOT / "keys" / "broker_password"
    assert plan(worker=worker).secrets == {told.broker_password_file: "s#cret"}
    assert "amqp" not in settings("api_gateway", worker=worker).model_dump_json()


@pytest.mark.parametrize(
    ("worker", "words"),
    [
        ({"broker": "rabbitmq"}, "needs broker_url"),
        ({"broker_url": "amqp://a@b/"}, "remove one of them"),
        ({"broker": "rabbitmq", "broker_url": "http://a/"}, "pattern"),
    ],
)
def test_a_broker_and_its_url_belong_together(worker, words):
    """Refused before anything starts."""
    with pytest.raises(ValueError, match=words):
        plan(worker=worker)


def test_password_of_a_url_goes_to_a_file():
    """Settings name the file; the URL they hold has no password."""
    url = "redis://me:s%23cret@host:6379/0"

    told = settings("worker", listen="", cache={"url": url})

    assert told.queue_url == "redis://me@host:6379/0"
    assert told.cache_password_file == ROOT / "keys" / "cache_password"
    assert plan(cache={"url": url}).secrets == {ROOT / "keys" / "cache_password": "s#cret"}


def test_sqlite_gets_a_file_of_the_stacks_own():
    """`sqlite:` is a new database in the stack's directory."""
    told = settings("database", database={"records": 10, "delay": {"mean_s": 0.1}})

    assert told.url == "sqlite:/s/stacks/x/data/records.sqlite"
    assert told.accounts_file == ROOT / "keys" / "accounts.json"
    assert told.delay.mean_s == 0.1


def test_postgresql_keeps_its_url():
    """A server of one's own is used as it is named."""
    told = settings("database", database={"url": "postgresql://me:pw@host/name"})

    assert told.url == "postgresql://me@host/name"
    assert told.password_file == ROOT / "keys" / "database_password"


def test_balancer_is_told_its_members_and_places():
    """A balancer that starts again finds the gateways of now."""
    told = settings("load_balancer", load_balancer={"engine": "python", "port": 8080})

    assert told.engine == "python"
    assert [member.name for member in told.members] == ["api_gateway-1"]
    assert told.control_socket == ROOT / "members.sock"
    assert told.runtime_dir == ROOT / "lb"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("redis://host:1/0", ("redis://host:1/0", None)),
        ("redis://:pw@host:1/0", ("redis://host:1/0", "pw")),
        ("rediss://me:p%40w@[::1]:1", ("rediss://me@[::1]:1", "p@w")),
        ("unix:///a/b.sock", ("unix:///a/b.sock", None)),
    ],
)
def test_password_is_split_from_a_url(url, parts):
    """Only the password leaves the URL."""
    assert split_password(url) == parts
