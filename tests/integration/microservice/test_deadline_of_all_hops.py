"""Gateway, microservice and database as processes: one time for a request, honoured by all three."""

import json
import time

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

pytestmark = pytest.mark.integration

EXCEEDED = "scalelab_deadlines_exceeded_total"


@pytest.fixture
def run_stack(run_service, tmp_path):
    """A database whose queries take an hour, and what stands before it."""
    key_file, accounts = tmp_path / "signing.pem", tmp_path / "accounts.json"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.write_bytes(pem)
    accounts.write_text(json.dumps({"ada": PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("right")}))

    def start(**changes):
        database = run_service(
            "database",
            {
                "url": f"sqlite:{tmp_path}/records.sqlite",
                "records": 20,
                "seed": 1,
                "pool_size": 1,
                "delay": {"kind": "constant", "mean_s": 3600},
                "accounts_file": str(accounts),
            },
        )
        microservice = run_service(
            "microservice",
            {"database_url": database.url, "service_time": {"mean_s": 0}, "upstream_timeout_s": 60},
        )
        gateway = run_service(
            "api_gateway",
            {
                "database_url": database.url,
                "microservice_url": microservice.url,
                "cache_url": "memory:",
                "queue_url": "memory:",
                "task_result_ttl_s": 60,
                "upstream_slots": 1,
                "slot_wait_timeout_s": 60,
                "upstream_timeout_s": 60,
                "cache_ttl_s": 0,
                "token_algorithm": "EdDSA",
                "token_lifetime_s": 600,
                "clock_leeway_s": 5,
                "token_issuer": "iss",
                "token_audience": "aud",
                "signing_key_file": str(key_file),
                **changes,
            },
        )
        login = {"username": "ada", "password": "right"}
        token = gateway.fetch("/login", method="POST", body=json.dumps(login)).document["access_token"]
        return gateway, microservice, database, {"Authorization": f"Bearer {token}"}

    return start


def test_every_hop_gives_up_at_the_same_time(run_stack):
    """B06: retries, queue and hops share what the request has; nothing is left at any of them, and each counts it."""
    gateway, microservice, database, bearer = run_stack(deadline_s=0.4, client_deadlines=True, retries=3)

    began_s = time.monotonic()
    whole = gateway.fetch("/process?key=1", headers=bearer)
    took_s = time.monotonic() - began_s
    hasty = gateway.fetch("/data?key=1", headers={**bearer, "X-Request-Timeout": "0.1"})

    database.wait_until(lambda: database.gauge("scalelab_database_pool_in_use") == 0, "place given back")
    database.wait_until(lambda: database.gauge(EXCEEDED) + microservice.gauge(EXCEEDED) >= 1, "counted")
    assert (whole.status, hasty.status) == (504, 504)
    assert 0.3 < took_s < 10  # of 240 s that four attempts would have, and an hour that the query takes
    assert gateway.gauge("scalelab_upstream_slots_in_use") == 0
    assert gateway.gauge(EXCEEDED) == 2
