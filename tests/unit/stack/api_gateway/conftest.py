"""A gateway in this process: real parts, the cache in memory, services that follow a script, a clock that stands."""

import asyncio
import json
import os
from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scalelab.contracts.records import record_checksum
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.app import assemble
from scalelab.stack.api_gateway.gateway_parts import GatewayParts
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

NOW_S = 1_700_000_000.0


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list
    body: bytes

    def __getitem__(self, name):
        """The one header of this name, or None."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self['X-Cache'] or '-'}"


class Client:
    """Speaks ASGI to an application; `leave` hangs up on every request under way."""

    def __init__(self, app):
        self._app = app
        self._has_left = asyncio.Event()
        self.token = None

    def leave(self):
        self._has_left.set()

    async def get(self, target, **headers):
        return await self.request("GET", target, headers=headers)

    async def put(self, target, value):
        return await self.request("PUT", target, body=json.dumps({"value": value}).encode())

    async def request(self, method, target, *, headers=(), body=b"", raw_headers=()):
        path, _, query = target.partition("?")
        pairs = [(name.replace("_", "-"), value) for name, value in dict(headers).items()]
        if self.token is not None and not any(name.lower() == "authorization" for name, _ in pairs):
            pairs.append(("authorization", f"Bearer {self.token}"))
        if not any(name.lower() == "host" for name, _ in pairs):
            pairs.append(("host", "lab"))
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [*encoded, *raw_headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }
        return await self._exchange(scope, body)

    async def _exchange(self, scope, body):
        to_come = [{"type": "http.request", "body": body, "more_body": False}]
        sent = []

        async def receive():
            if to_come:
                return to_come.pop()
            await self._has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await self._app(scope, receive, send)
        start = sent[0]
        headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


class ScriptedUpstream:
    """A service that answers what it was told to, in order, then the last again. Remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.sent_headers = []
        self.bodies = []
        self.open = asyncio.Event()
        self.open.set()
        self.was_asked = asyncio.Event()
        self.in_flight = 0
        self.most_in_flight = 0

    async def request(self, method, path_and_query, *, headers=None, body=None):
        self.asked.append(f"{method} {path_and_query}")
        self.was_asked.set()
        self.sent_headers.append(dict(headers or {}))
        self.bodies.append(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.open.wait()
        finally:
            self.in_flight -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(path_and_query) if callable(answer) else answer


def ok(document, *headers, status=200):
    """A JSON answer."""
    return UpstreamAnswer(status, (("Content-Type", "application/json"), *headers), json.dumps(document).encode())


def record(key, value="v", version=1):
    """The answer with this record."""
    checksum = record_checksum(key, version, value)
    return ok({"key": key, "version": version, "value": value, "checksum": checksum})


@dataclass
class Clock:
    now_s: float = NOW_S

    def __call__(self):
        return self.now_s


@dataclass
class Laboratory:
    """One gateway, its two services and a client with a token."""

    settings: GatewaySettings
    parts: GatewayParts
    metrics: ServiceMetrics
    client: Client
    clock: Clock
    database: ScriptedUpstream = field(default_factory=lambda: ScriptedUpstream(record(1)))
    microservice: ScriptedUpstream = field(default_factory=lambda: ScriptedUpstream(ok({"key": 1, "score": 7})))

    def token_of(self, subject, scopes=("data:write",)):
        rules = TokenRules("iss", "aud", 3600.0, 30.0)
        key = load_signing_key(self.settings.signing_key_file, self.settings.token_algorithm)
        return sign_token(subject, key, rules, self.clock(), scopes=scopes)

    def metric(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def key_file(tmp_path):
    """A new Ed25519 key as a gateway reads it."""
    path = tmp_path / "signing.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return path


@pytest.fixture
def secret_file(tmp_path):
    """A new shared secret."""
    path = tmp_path / "secret.hex"
    path.write_text(os.urandom(32).hex())
    return path


@pytest.fixture
def gateway_settings(key_file):
    """Settings of a gateway without limits."""
    return GatewaySettings(
        instance="api_gateway-1",
        stack_nonce="nonce",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        database_url="http://database",
        microservice_url="http://microservice",
        cache_url="memory:",
        queue_url="memory:",
        task_result_ttl_s=60,
        upstream_slots=0,
        slot_wait_timeout_s=60,
        upstream_timeout_s=10,
        cache_ttl_s=60,
        token_algorithm="EdDSA",
        token_lifetime_s=3600,
        clock_leeway_s=30,
        token_issuer="iss",
        token_audience="aud",
        signing_key_file=key_file,
    )


@pytest.fixture
def build_lab(gateway_settings):
    """Builds a laboratory with some settings changed."""

    def build(**changes):
        settings = gateway_settings.model_copy(update=changes)
        metrics, clock = ServiceMetrics(), Clock()
        parts = GatewayParts(settings, metrics, clock_s=clock, steady_clock_s=clock)
        laboratory = Laboratory(settings, parts, metrics, Client(assemble(settings, parts, metrics)), clock)
        parts.database, parts.microservice = laboratory.database, laboratory.microservice
        laboratory.client.token = laboratory.token_of("alice")
        return laboratory

    return build


@pytest.fixture
def lab(build_lab):
    return build_lab()


@pytest.fixture
def scripted():
    """The words of the test language, for modules that may not import one another."""

    class Words:
        upstream = ScriptedUpstream
        client = Client
        clock = Clock
        now_s = NOW_S

        @staticmethod
        def ok(document, *headers, status=200):
            return ok(document, *headers, status=status)

        @staticmethod
        def record(key, value="v", version=1):
            return record(key, value, version)

        @staticmethod
        def fault(kind):
            return UpstreamFault(kind, "as scripted")

    return Words


@pytest.fixture(scope="session")
def cheap_hasher():
    """Argon2 with the smallest parameters."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
