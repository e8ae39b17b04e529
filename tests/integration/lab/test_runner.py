"""The runner, with a real Locust, over a small real gateway: preparation, measurement, records, interrupts."""

import json
import os
import stat

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.plan import make_plan
from scalelab.lab.results.reading import read_run
from scalelab.lab.runner import run_experiment
from scalelab.lab.stopping import StoppingRule
from scalelab.lab.system import SystemGoneError

pytestmark = pytest.mark.integration

EXPERIMENT = {
    "schema": 1,
    "name": "small",
    "topology": {"database": {"records": 5000}},
    "load": {
        "users": 10,
        "spawn_rate_per_s": 10,
        "duration_s": 3.0,
        "settle_s": 0.5,
        "drain_limit_s": 5.0,
        "think_time_min_s": 0.1,
        "think_time_max_s": 0.3,
        "hot_set_keys": 4,
    },
    "warm_up": {"users": 2, "duration_s": 1.0},
    "factors": {"cache": ["miss", "hit"]},
}


class SmallSystem:
    """A `SystemUnderTest` around one small gateway; also the place where systems come from."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.scaled = []
        self.pid = os.getpid()
        self.is_gone = False

    def system_for(self, _topology):
        return self

    def scale(self, service, replicas):
        self.scaled.append((service, replicas))
        return self.view()

    def view(self):
        if self.is_gone:
            raise SystemGoneError("the stack has ended")
        account = Account(username="student", password="correct horse")
        service = ServiceView(
            name="api_gateway",
            instance="api_gateway-1",
            pid=self.pid,
            url=self.gateway.url,
            admin_url=self.gateway.url,
            state="ready",
        )
        return StackView(
            name="small",
            ready=True,
            nonce="this-stack",
            url=self.gateway.url,
            login=account,
            load_accounts=(account,),
            services=(service,),
            topology=Topology(),
        )


class Progress:
    """Keeps what it is told; `at_second` may interfere."""

    def __init__(self, at_second=lambda _row: None):
        self.at_second = at_second
        self.phases, self.records, self.notes = [], [], []

    def began(self, directory, _runs):
        self.directory = directory

    def scenario(self, _number, scenario, _repetition):
        self.phases.append(scenario.title)

    def phase(self, text, _expected_s):
        self.phases.append(text)

    def second(self, row):
        self.at_second(row)

    def note(self, text):
        self.notes.append(text)

    def ended(self, reason):
        self.reason = reason

    def finished(self, record):
        self.records.append(record)


@pytest.fixture
def system(gateway):
    gateway.delay_s, gateway.caches = 0.1, True
    return SmallSystem(gateway)


def test_an_experiment_is_run_from_plan_to_files(system, gateway, tmp_path):
    """Each scenario is prepared, warmed up and measured; the miss one misses and the hit one hits."""
    progress = Progress()

    records = run_experiment(make_plan(EXPERIMENT, "small"), system, tmp_path, progress)

    miss, hit = records
    assert progress.phases == [
        *("miss", "scaling to miss", "waiting until nothing is under way", "warming up"),
        *("waiting until nothing is under way", "measuring"),
        *("hit", "scaling to hit", "waiting until nothing is under way", "warming up"),
        *("waiting until nothing is under way", "filling the cache", "measuring"),
    ]
    assert (miss.cache.hit_ratio, hit.cache.hit_ratio) == (0.0, 1.0)
    assert miss.latency.mean_s == pytest.approx(0.1, abs=0.05)
    assert hit.latency.mean_s < 0.1
    assert gateway.flushes == 4
    assert system.scaled == [("api_gateway", 1)] * 2
    assert read_run(tmp_path / "latest").records == records
    assert read_run(tmp_path / "latest").missing == ()
    assert (tmp_path / "results_miss_stats.csv").exists()
    assert "CPU" in progress.notes[0]
    probes_file = progress.directory / "results_hit/1/probes.jsonl"
    probes = [json.loads(line) for line in probes_file.read_text().splitlines()]
    assert {row["instance"] for row in probes} == {"api_gateway-1", "generator", "machine"}
    assert all(row["cpu_s"] > 0 for row in probes if row["instance"] == "generator")


def test_an_open_number_of_repetitions_ends_with_its_budget(system, gateway, tmp_path):
    """Blocks of both scenarios until the time is up; the manifest grows with them, and says why it ended."""
    progress = Progress()
    document = {**EXPERIMENT, "repeat": 3, "cool_down_s": 0.1, "warm_up": {"duration_s": 0}}
    document["load"] = {**EXPERIMENT["load"], "duration_s": 2.0}

    records = run_experiment(
        make_plan(document, "small"), system, tmp_path, progress, until=StoppingRule(0.0001, budget_s=12.0)
    )

    run = read_run(tmp_path / "latest")
    blocks = len(records) // 2
    assert blocks >= 1
    assert len(run.manifest.order) == len(records) == len(run.records)
    assert run.missing == ()
    assert all(
        {planned.scenario for planned in run.manifest.order[start : start + 2]} == {"results_miss", "results_hit"}
        for start in range(0, len(records), 2)
    )
    assert run.manifest.ended == progress.reason
    assert "budget of 12 s does not hold another one" in progress.reason
    assert "cooling down" in progress.phases
    assert gateway.flushes == len(records)


def test_an_interrupted_run_keeps_what_was_measured(system, tmp_path):
    """Ctrl-C in the second scenario: the first is whole, the second partial, and both are on disk."""
    seen = []

    def interrupt(row):
        seen.append(row.second)
        if seen.count(1) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(make_plan(EXPERIMENT, "small"), system, tmp_path, Progress(interrupt))

    first, second = read_run(tmp_path / "latest").records
    assert "partial" not in first.validity
    assert "partial" in second.validity
    assert second.books.completed > 0


def test_a_system_that_ends_under_load_is_told(system, tmp_path):
    """Another process id after the load than before: the gateway was started again."""
    plan = make_plan(EXPERIMENT, "small", only=("results_miss",))

    def restart(_row):
        system.pid = 1

    (record,) = run_experiment(plan, system, tmp_path, Progress(restart))

    assert "sut-died" in record.validity
    assert any("did not live through the load" in caveat.text for caveat in record.caveats)


def test_a_system_that_has_gone_ends_a_scenario_not_the_run(system, tmp_path):
    """The first scenario's system ends; the record says so, and the second is still tried."""

    def end(_row):
        system.is_gone = True

    records = run_experiment(make_plan(EXPERIMENT, "small"), system, tmp_path, Progress(end))

    assert ["sut-died" in record.validity for record in records] == [True, True]
    assert "no-data" in records[1].validity


def test_refused_logins_leave_a_record_without_data(system, gateway, tmp_path):
    """The warm-up cannot log in: no data, and the reason stands beside it."""
    system.view = lambda: SmallSystem.view(system).model_copy(
        update={"load_accounts": (Account(username="student", password="wrong"),)}
    )

    (record,) = run_experiment(make_plan(EXPERIMENT, "small", only=("results_miss",)), system, tmp_path, Progress())

    assert record.validity == ("no-data",)
    assert "401" in record.caveats[0].text


def test_no_result_holds_a_secret(system, tmp_path):
    """Passwords, tokens and the nonce are in no file of the results."""
    run_experiment(make_plan(EXPERIMENT, "small", only=("results_hit",)), system, tmp_path, Progress())

    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    for secret in ("correct horse", "token-of-student", "this-stack"):
        assert [file for file in files if secret in file.read_text(errors="replace")] == []


def test_results_that_cannot_be_written_are_an_error_before_anything_runs(system, gateway, tmp_path):
    """A file stands where the directory should be."""
    (tmp_path / "results").write_text("")

    with pytest.raises(OSError, match="results"):
        run_experiment(make_plan(EXPERIMENT, "small"), system, tmp_path / "results", Progress())

    assert gateway.asked == []
    assert stat.S_ISREG((tmp_path / "results").stat().st_mode)


def test_what_is_verified_is_predicted_before_it_is_measured(system, tmp_path):
    """The prediction is on disk when the first size to verify begins; this gateway supports none, and it says so."""
    document = {**EXPERIMENT, "factors": {"gateways": [1, 2]}, "verify": {"gateways": [3]}}
    document |= {"warm_up": {"duration_s": 0}, "load": {**EXPERIMENT["load"], "duration_s": 2.0}}
    seen = []

    class Watching(Progress):
        def scenario(self, number, scenario, repetition):
            seen.append((scenario.gateways, (self.directory / "predictions/1.json").exists()))
            super().scenario(number, scenario, repetition)

    progress = Watching()
    run_experiment(make_plan(document, "small", is_verify=True), system, tmp_path, progress)

    run = read_run(tmp_path / "latest")
    assert seen == [(1, False), (2, False), (3, True)]
    assert [record.factors["gateways"] for record in run.records] == [1, 2, 3]
    assert run.predictions[1].sweeps == ()
    assert run.predictions[1].faults
    assert any("Nothing is predicted" in note for note in progress.notes)
