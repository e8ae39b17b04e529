"""Servers whose truth is known, each in a process that can be frozen; and loads against them."""

import datetime as dt
import ipaddress
from contextlib import ExitStack

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scalelab.lab.load.honesty import judged
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import run_load
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.result import result_of
from scalelab.lab.selftest.servers import known_server


@pytest.fixture
def start_server():
    """Start a server of some behaviour; all are ended afterwards."""
    yield from _servers(is_shared=False)


@pytest.fixture(scope="session")
def shared_server():
    """One server for each behaviour, for tests that neither count nor freeze."""
    yield from _servers(is_shared=True)


def _servers(*, is_shared):
    running = {}
    with ExitStack() as servers:

        def start(behaviour, *certificate):
            key = behaviour if is_shared else len(running)
            if key not in running:
                running[key] = servers.enter_context(known_server(behaviour, tuple(map(str, certificate))))
            return running[key]

        yield start


def _nobody(_pids):
    """Waits for the start of the load."""


@pytest.fixture(scope="session")
def measure():
    """Run a load and judge it."""

    def run(*urls, load=None, rate=100.0, duration=1.0, workers=None, started=_nobody, **options):
        templates = tuple(url if isinstance(url, RequestTemplate) else RequestTemplate(url=url) for url in urls)
        options.setdefault("drain_limit_s", 2.0)
        options.setdefault("timeout_s", 5.0)
        plan = LoadPlan(requests=templates, load=load or OpenLoad(rate_per_s=rate), duration_s=duration, **options)
        outcome = run_load(plan, started=started, workers=workers)
        result = judged(result_of(outcome), outcome)
        assert result.offered == result.sent + result.not_sent
        assert result.sent == result.completed + result.failed + result.timed_out + result.censored
        assert sum(row.sent for row in result.timeline) == result.sent or outcome.lost_generators
        assert sum(row.completed for row in result.timeline) == result.completed or outcome.lost_generators
        return result

    return run


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "known server")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
