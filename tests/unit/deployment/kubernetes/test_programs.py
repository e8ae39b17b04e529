"""What runs in a container, how long it may take to end, and what it may use."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import drain_delay_s
from scalelab.deployment.kubernetes.names import parts_of
from scalelab.deployment.kubernetes.programs import GRACEFUL_S, Data, program_of

SERVER = Topology.model_validate({"database": {"url": "postgresql:"}})


@pytest.mark.parametrize("part", parts_of(SERVER))
def test_every_program_ends_before_it_is_killed(part):
    """Also after the cluster was given time to forget its address."""
    program = program_of(part, SERVER)

    assert program.pre_stop_s + GRACEFUL_S < program.grace_period_s


def test_a_gateway_has_time_to_say_goodbye():
    """Beside the time to forget and the requests in hand, however slowly the balancer looks."""
    slow = Topology.model_validate({"load_balancer": {"health_interval_s": 5.0, "health_fall": 4}})

    program = program_of("api_gateway", slow)

    assert float(program.environment["DRAIN_DELAY_S"]) == drain_delay_s(slow.load_balancer) == 26.0
    assert program.grace_period_s > program.pre_stop_s + 26 + GRACEFUL_S


def test_a_gateways_quota_is_its_request():
    """So that the autoscaler's percentage is one of what it can do; its memory holds the hit path's answers."""
    asked = {"cpu_limit_cores": 0.25, "hit_path_max_mib": 512}

    resources = program_of("api_gateway", Topology.model_validate({"api_gateway": asked})).resources

    assert (resources.request_cores, resources.limit_cores) == (0.25, 0.25)
    assert resources.limit_memory_mib == 448 + 512


def test_the_caches_memory_and_disk_hold_its_data():
    """It rewrites its log in a copy of itself, and keeps both logs meanwhile."""
    cache = program_of("cache", Topology.model_validate({"cache": {"max_memory_mib": 1024}}))

    assert cache.resources.limit_memory_mib == 2 * 1024 + 64
    assert cache.data == Data("/data", 4)


@pytest.mark.parametrize(("url", "keeps"), [("sqlite:", True), ("postgresql:", False), ("postgresql://x@y/z", False)])
def test_the_database_service_keeps_data_only_when_it_is_a_file(url, keeps):
    """Else its server does."""
    database = program_of("database", Topology.model_validate({"database": {"url": url}}))

    assert (database.data is not None) == keeps


def test_the_cache_is_asked_without_its_password():
    """A probe is a command line, which others can read."""
    assert "PONG|NOAUTH" in program_of("cache", SERVER).probes["readinessProbe"]["exec"]["command"][-1]


@pytest.mark.parametrize(
    ("part", "limit_s", "silence_s"), [("worker", 300, 300), ("worker", 1, 30), ("database", 300, 30)]
)
def test_a_worker_may_be_silent_for_as_long_as_it_keeps_its_tasks(part, limit_s, silence_s):
    """Its code may hold the interpreter; what answers requests counts as hung much sooner."""
    program = program_of(part, Topology.model_validate({"worker": {"silence_limit_s": limit_s}}))
    probe = program.probes["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] == silence_s
