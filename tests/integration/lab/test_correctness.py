"""A server that answers wrongly under a good status: each kind is found by each driver, and counted exactly."""

import os

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.load.drivers import run_driver
from scalelab.lab.load.locust_driver import LocustLoad
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.load.own_driver import OwnLoad
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.plan import make_plan
from scalelab.lab.results.measured_files import read_measured
from scalelab.lab.runner import run_experiment

pytestmark = pytest.mark.integration

ACCOUNT = Account(username="student", password="correct horse")


def with_locust(gateway, directory, routes):
    behaviour = UserBehaviour(
        think_time_min_s=0.05, think_time_max_s=0.1, keys="any", records=50, mix=dict.fromkeys(routes, 1.0)
    )
    return LocustLoad(gateway.url, (ACCOUNT,), 10, 10, 2.0, 5.0, behaviour, directory, "wrong")


def with_our_own(gateway, directory, routes):
    proofs = {"/data": "record", "/process": "process"}
    requests = [
        RequestTemplate(name=route, url=f"{gateway.url}{route}?key={{key}}", proof=proofs[route], longest_age_s=60.0)
        for route in routes
    ]
    plan = LoadPlan(requests=requests, load=OpenLoad(rate_per_s=60), duration_s=2.0, connections=50)
    return OwnLoad(gateway.url, (ACCOUNT,), plan, directory, "wrong")


@pytest.mark.parametrize("load", [with_locust, with_our_own])
@pytest.mark.parametrize(
    ("sabotage", "defect", "routes"),
    [
        ("torn", "torn", ("/data", "/process")),
        ("foreign", "foreign", ("/data",)),
        ("aged", "stale", ("/data", "/process")),
        ("malformed", "malformed", ("/data", "/process")),
    ],
)
def test_every_driver_finds_every_kind_in_reads(gateway, tmp_path, load, sabotage, defect, routes):
    """As many as were sabotaged, and nothing else."""
    gateway.sabotage = sabotage

    end = run_driver(load(gateway, tmp_path, routes))

    recording = read_measured(tmp_path).recording
    assert end.trouble == ""
    assert recording.defects == {defect: gateway.sabotaged}
    assert recording.books.failed == gateway.sabotaged > 5


def test_a_task_of_another_user_is_foreign(gateway, tmp_path):
    """The subject in the answer is not the one who asked."""
    gateway.sabotage = "user"

    run_driver(with_locust(gateway, tmp_path, ("POST /longtask",)))

    recording = read_measured(tmp_path).recording
    assert recording.defects == {"foreign": gateway.sabotaged}
    assert gateway.sabotaged > 5


class SmallSystem:
    """A `SystemUnderTest` of one small gateway, which is also the worker."""

    def __init__(self, gateway):
        self.gateway = gateway

    def system_for(self, _topology):
        return self

    def scale(self, _service, _replicas):
        return self.view()

    def view(self):
        url = self.gateway.url
        services = tuple(
            ServiceView(name=name, instance=f"{name}-1", pid=os.getpid(), url=url, admin_url=url, state="ready")
            for name in ("api_gateway", "worker")
        )
        return StackView(
            name="small",
            ready=True,
            nonce="this-stack",
            url=url,
            login=ACCOUNT,
            load_accounts=(ACCOUNT,),
            services=services,
            topology=Topology(),
        )


class Silent:
    """Wants to know nothing."""

    def __getattr__(self, _name):
        return lambda *_arguments: None


@pytest.mark.parametrize("sabotage", ["executed", ""])
def test_what_workers_do_twice_is_found_after_the_run(gateway, tmp_path, sabotage):
    """Every answer is good, and every fifth task was done twice: so many are counted, and the run is not valid."""
    gateway.sabotage = sabotage
    load = {"users": 10, "spawn_rate_per_s": 10, "duration_s": 3.0, "settle_s": 0.5, "drain_limit_s": 5.0}
    mix = {"think_time_min_s": 0.05, "think_time_max_s": 0.1, "mix": {"longtask": 1.0}}
    experiment = {"schema": 1, "name": "twice", "load": load | mix, "warm_up": {"duration_s": 0.0}}

    (record,) = run_experiment(make_plan(experiment, "twice"), SmallSystem(gateway), tmp_path, Silent())

    assert record.tasks.handed_in == len(gateway.tasks) > 20
    assert record.tasks.executed == gateway.executions == record.tasks.handed_in + gateway.sabotaged
    assert record.defects == ({"done twice": gateway.sabotaged} if sabotage else {})
    assert ("wrong-answers" in record.validity) is bool(sabotage)
    assert record.started_quiet
