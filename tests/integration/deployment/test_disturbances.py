"""Faults done to a real stack: in effect while they last, undone afterwards, also when their time is cut short."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from scalelab.contracts.faults import Fault
from scalelab.contracts.topology import Topology
from scalelab.deployment.attach import AttachedStack
from scalelab.deployment.errors import ConfigurationError, DisturbanceError
from scalelab.deployment.key_rotation import read_key_file
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.local import LocalStack
from scalelab.deployment.readiness import answering_instance
from scalelab.deployment.state_directory import StackDirectory

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Two gateways, for all tests here: each leaves it as it was."""
    root = tmp_path_factory.mktemp("s") / "s"
    topology = Topology.model_validate({"api_gateway": {"replicas": 2}, "database": {"records": 100}})
    with LocalStack(topology, StackDirectory("faults", root)) as running:
        yield running


def service(stack, instance):
    return next(one for one in stack.view().services if one.instance == instance)


def endpoint(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return Endpoint(host, int(port))


def fault(kind, target, **fields):
    return Fault(kind=kind, target=target, at_s=0.0, **fields)


def answering(stack, count=12):
    """Who answers through the balancer."""
    balancer = endpoint(stack.view().url)
    return {answering_instance(balancer, stack.view().nonce) for _ in range(count)}


def timed(what):
    began_s = time.monotonic()
    what()
    return time.monotonic() - began_s


def noticed(is_noticed, limit_s=5.0):
    deadline_s = time.monotonic() + limit_s
    while not is_noticed() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return is_noticed()


def test_the_killed_is_another_process_afterwards(stack):
    """The supervisor has started it again, and it answers through the balancer."""
    before = service(stack, "api_gateway-1").pid

    with stack.disturb(fault("kill", "api_gateway-1")):
        pass

    assert service(stack, "api_gateway-1").pid != before
    assert answering(stack) == {"api_gateway-1", "api_gateway-2"}


def test_nobody_waits_for_a_gateway_that_starts_again(stack):
    """Its port refuses until it listens itself, so that the other one answers at once."""
    address = endpoint(service(stack, "api_gateway-1").url)

    with stack.disturb(fault("kill", "api_gateway-1")):
        refused = noticed(lambda: address.refuses, 1.0)
        slowest_s = max(timed(lambda: answering(stack, 1)) for _ in range(20))

    assert refused
    assert slowest_s < 1.0


def test_the_frozen_is_taken_out_and_comes_back_as_it_was(stack):
    """Every process of it stands still, the balancer notices, and it is the same process that goes on."""
    before = service(stack, "api_gateway-1").pid

    with stack.disturb(fault("freeze", "api_gateway-1", duration_s=1.0)) as is_noticed:
        family = [psutil.Process(before), *psutil.Process(before).children(recursive=True)]
        for process in family:
            await_state(process.pid, is_stopped=True)
        assert noticed(is_noticed)
        assert answering(stack) == {"api_gateway-2"}

    assert service(stack, "api_gateway-1").pid == before
    assert answering(stack) == {"api_gateway-1", "api_gateway-2"}


def test_it_is_undone_when_its_time_is_cut_short(stack):
    """As Ctrl-C does."""
    before = service(stack, "api_gateway-1").pid

    with pytest.raises(KeyboardInterrupt), stack.disturb(fault("freeze", "api_gateway-1", duration_s=1.0)):
        raise KeyboardInterrupt

    assert psutil.Process(before).status() != psutil.STATUS_STOPPED


@pytest.mark.parametrize("target", ["database", "microservice", "api_gateway-2"])
def test_the_gone_refuse_connections_until_they_are_back(stack, target):
    """Nobody starts them meanwhile; afterwards they listen where they did before."""
    instance = target if "-" in target else f"{target}-1"
    before = service(stack, instance)

    with stack.disturb(fault("gone", target, duration_s=1.0)) as is_noticed:
        assert endpoint(before.url).refuses
        assert noticed(is_noticed)
        time.sleep(0.5)
        assert endpoint(before.url).refuses

    after = service(stack, instance)
    assert (after.url, after.state) == (before.url, "ready")
    assert after.pid != before.pid


def test_the_cache_server_is_gone_and_back_with_its_data(stack):
    """Its socket refuses meanwhile."""
    before = service(stack, "cache-1").pid

    with stack.disturb(fault("gone", "cache", duration_s=1.0)):
        assert not psutil.pid_exists(before) or psutil.Process(before).status() == psutil.STATUS_ZOMBIE

    assert service(stack, "cache-1").state == "ready"
    assert Path(service(stack, "cache-1").url.removeprefix("unix://")).is_socket()


def test_a_rolling_restart_replaces_every_gateway(stack):
    """One after the other, each left alone first."""
    before = {one.instance: one.pid for one in stack.view().services if one.name == "api_gateway"}

    with stack.disturb(fault("restart", "api_gateway")):
        pass

    after = {one.instance: one.pid for one in stack.view().services if one.name == "api_gateway"}
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    assert answering(stack) == {"api_gateway-1", "api_gateway-2"}


def test_a_drained_gateway_runs_and_gets_nothing(stack):
    """Until it is over."""
    with stack.disturb(fault("drain", "api_gateway-2", duration_s=1.0)):
        assert answering(stack) == {"api_gateway-1"}
        assert service(stack, "api_gateway-2").state == "ready"

    assert answering(stack) == {"api_gateway-1", "api_gateway-2"}


def test_a_number_of_instances_stays(stack):
    """Scaling is no fault that is undone."""
    with stack.disturb(fault("scale", "api_gateway", replicas=3)):
        pass
    assert stack.view().topology.api_gateway.replicas == 3

    with stack.disturb(fault("scale", "api_gateway", replicas=2)):
        pass
    assert answering(stack) == {"api_gateway-1", "api_gateway-2"}


def record_s(stack, key):
    """How long the database service takes for a record."""
    database = endpoint(service(stack, "database-1").url)
    connection = http.client.HTTPConnection(database.host, database.port, timeout=10)
    began_s = time.monotonic()
    try:
        connection.request("GET", f"/records/{key}")
        assert connection.getresponse().status == 200
    finally:
        connection.close()
    return time.monotonic() - began_s


def test_the_slowed_takes_longer_until_it_is_let_go(stack):
    """Each query, by what was asked for."""
    with stack.disturb(fault("slow", "database", delay_s=0.6, duration_s=1.0)):
        assert record_s(stack, 1) >= 0.6

    assert record_s(stack, 1) < 0.6


def test_a_full_pool_has_everybody_wait(stack):
    """Until its places are given back; then the query that waited is answered."""
    with ThreadPoolExecutor(1) as threads:
        with stack.disturb(fault("fill_pool", "database", duration_s=1.0)):
            waiting = threads.submit(record_s, stack, 1)
            time.sleep(0.6)
            assert not waiting.done()
        assert waiting.result(10) >= 0.6


def test_the_keys_are_changed(stack):
    """The new one signs, the old one still verifies."""
    file = stack.directory.signing_key_file
    before = read_key_file(file)

    with stack.disturb(Fault(kind="rotate_keys", at_s=0.0)):
        pass

    after = read_key_file(file)
    assert after.active != before.active
    assert before.active in {key.name for key in after.keys}


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("kill", "api_gateway-9", "there is no api_gateway-9 to kill"),
        ("kill", "router", "'router' is no part of a stack"),
        ("drain", "database", "database-1 cannot be drained"),
    ],
)
def test_what_is_not_there_is_refused(stack, kind, target, words):
    """Nothing is done."""
    lasting = {"duration_s": 1.0} if kind == "drain" else {}

    with pytest.raises(DisturbanceError, match=words), stack.disturb(fault(kind, target, **lasting)):
        pass

    assert stack.view().ready


def test_a_fault_that_was_begun_is_undone_without_whoever_began_it(stack):
    """Over the control socket, as a dashboard asks for it; and again when it is told before its time."""
    attached = AttachedStack(stack.directory)
    pid = service(stack, "api_gateway-2").pid

    attached.begin_fault(fault("freeze", "api_gateway-2", duration_s=5.0))
    await_state(pid, is_stopped=True)
    await_state(pid, is_stopped=False)
    attached_again = AttachedStack(stack.directory)
    await_free(attached_again, "api_gateway-2")
    attached_again.begin_fault(fault("freeze", "api_gateway-2", duration_s=100.0))
    with pytest.raises(DisturbanceError, match="is not over yet"):
        attached_again.begin_fault(fault("kill", "api_gateway-2"))
    attached_again.end_fault("api_gateway-2")
    await_state(pid, is_stopped=False)
    await_free(attached_again, "api_gateway-2")


def test_a_setting_is_changed_without_a_lost_request(stack):
    """Gateways start anew one after the other: whoever asks meanwhile is answered, and both have it afterwards."""
    attached = AttachedStack(stack.directory)
    before = {one.instance: one.pid for one in stack.view().services}
    over, lost = Event(), []
    asking = Thread(target=ask_until, args=(over, endpoint(stack.view().url), stack.view().nonce, lost))
    asking.start()
    try:
        view = attached.change("api_gateway.cache_ttl_s", 5.0)
    finally:
        over.set()
        asking.join()

    assert lost == []
    assert view.topology.api_gateway.cache_ttl_s == 5.0
    restarted = {one.instance for one in view.services if one.pid != before[one.instance]}
    assert restarted == {"api_gateway-1", "api_gateway-2"}


def test_a_policy_is_changed_without_a_lost_request(stack):
    """The plan says so, and one that the engine lacks is refused before anything is touched."""
    attached = AttachedStack(stack.directory)
    over, lost = Event(), []
    asking = Thread(target=ask_until, args=(over, endpoint(stack.view().url), stack.view().nonce, lost))
    asking.start()
    try:
        view = attached.change_policy("least_connections")
        with pytest.raises(ConfigurationError, match="not offered by engine = 'haproxy'"):
            attached.change_policy("peak_ewma")
    finally:
        over.set()
        asking.join()

    assert lost == []
    assert view.ready
    assert stack.view().topology.load_balancer.policy == "least_connections"


def ask_until(over, balancer, nonce, lost):
    while not over.is_set():
        if answering_instance(balancer, nonce) is None:
            lost.append(time.time())


def await_state(pid, *, is_stopped):
    deadline_s = time.monotonic() + 30.0
    while (psutil.Process(pid).status() == psutil.STATUS_STOPPED) is not is_stopped:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def await_free(attached, target):
    """Until nothing is in effect on it any more."""
    deadline_s = time.monotonic() + 60.0
    while True:
        try:
            attached.end_fault(target)
        except DisturbanceError:
            return
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
