"""Both services as processes: the microservice in front of the database service."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from scalelab.contracts.processing import ProcessView

pytestmark = pytest.mark.integration


@pytest.fixture
def run_database(run_service, tmp_path):
    def start(delay_s=0.0):
        accounts = tmp_path / "accounts.json"
        accounts.write_text("{}")
        settings = {
            "url": f"sqlite:{tmp_path}/records.sqlite",
            "records": 100,
            "seed": 1,
            "pool_size": 4,
            "delay": {"kind": "constant", "mean_s": delay_s},
            "accounts_file": str(accounts),
        }
        return run_service("database", settings)

    return start


@pytest.fixture
def run_microservice(run_service):
    def start(database_url, upstream_timeout_s=5.0):
        return run_service(
            "microservice",
            {
                "database_url": database_url,
                "service_time": {"kind": "constant", "mean_s": 0.01},
                "upstream_timeout_s": upstream_timeout_s,
            },
        )

    return start


def test_the_result_proves_itself_and_stays_the_same(run_database, run_microservice):
    """Asked twice the bytes are equal; a write changes versions and proof."""
    database = run_database()
    microservice = run_microservice(database.url)

    first, second = (microservice.fetch("/process?key=95") for _ in range(2))
    database.fetch("/records/96", method="PUT", body=json.dumps({"value": "new"}).encode())
    third = ProcessView.model_validate_json(microservice.fetch("/process?key=95").body)

    view = ProcessView.model_validate_json(first.body)
    assert first.body == second.body
    assert view.is_whole()
    assert view.versions == (1, 1, 1, 1, 1, 1)  # 95 to 100: what is there
    assert third.versions == (1, 2, 1, 1, 1, 1)
    assert third.proof != view.proof


@pytest.mark.parametrize(("target", "status"), [("/process?key=101", 404), ("/process?key=x", 400), ("/none", 404)])
def test_refusals_are_problems(run_database, run_microservice, target, status):
    """Unknown and impossible keys."""
    microservice = run_microservice(run_database().url)

    reply = microservice.fetch(target)

    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")


def test_one_request_id_is_in_the_logs_of_both(run_database, run_microservice):
    """The caller's id stands in the access line of each hop, and in the answer."""
    database = run_database()
    microservice = run_microservice(database.url)

    reply = microservice.fetch("/process?key=1", headers={"X-Request-Id": "one-id"})

    def lines_of(service):
        return [(line["path"], line["status"]) for line in service.log_lines() if line.get("request_id") == "one-id"]

    microservice.wait_until(lambda: lines_of(microservice), "access line")  # it follows the answer
    database.wait_until(lambda: lines_of(database), "access line")

    hops = [lines_of(service) for service in (microservice, database)]
    assert reply.headers["x-request-id"] == "one-id"
    assert hops == [[("/process", 200)], [("/records", 200)]]


def test_a_database_that_is_gone_is_a_bad_gateway(run_database, run_microservice):
    """503 while it is gone."""
    database = run_database()
    microservice = run_microservice(database.url)
    before = microservice.fetch("/process?key=1").status
    database.process.terminate()
    database.process.wait(timeout=20)

    after = microservice.fetch("/process?key=1").status

    assert (before, after) == (200, 503)


def test_a_slow_database_is_a_gateway_timeout_and_its_place_is_given_back(run_database, run_microservice):
    """504; the query that nobody waits for any longer is given up."""
    database = run_database(delay_s=3600)
    microservice = run_microservice(database.url, upstream_timeout_s=0.3)

    reply = microservice.fetch("/process?key=1")
    database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 0, "place given back")

    assert reply.status == 504


def test_a_stop_lets_the_request_in_flight_finish(run_database, run_microservice, refuses):
    """The upstream call of a request in flight is still answered after SIGTERM."""
    database = run_database(delay_s=1.5)
    microservice = run_microservice(database.url)
    with ThreadPoolExecutor(1) as client:
        in_flight = client.submit(microservice.fetch, "/process?key=1")
        database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 1, "query running")

        microservice.process.send_signal(signal.SIGTERM)
        microservice.wait_until(lambda: refuses(microservice.address), "port refuses")
        answer = in_flight.result()

    assert answer.status == 200
    assert microservice.process.wait(timeout=10) == 0
