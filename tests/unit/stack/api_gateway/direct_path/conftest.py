"""A gateway behind its real protocol, on connections whose bytes are kept."""

import asyncio
from dataclasses import dataclass, field

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from kept_wire import Wire
from scalelab.stack.api_gateway.app import assemble
from scalelab.stack.api_gateway.direct_path.protocol import DirectPathProtocol
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token, verify_token

RULES = TokenRules("iss", "aud", 100.0, 30.0)


@dataclass
class Gateway:
    """A laboratory, its connections, and the truth in its database."""

    lab: object
    app: object
    state: dict
    version: int = 1
    connections: list = field(default_factory=list)
    server: ServerState = field(default_factory=ServerState)

    @property
    def reads(self):
        return self.state.get("direct_reads")

    def connect(self):
        config = Config(self.app, http=DirectPathProtocol, access_log=False, server_header=False, date_header=False)
        config.load()
        protocol, wire = DirectPathProtocol(config, self.server, self.state), Wire()
        protocol.connection_made(wire)
        self.connections.append(protocol)
        return protocol, wire

    def token(self, subject):
        key = load_signing_key(self.lab.settings.signing_key_file, "EdDSA")
        return sign_token(subject, key, RULES, self.lab.clock())

    def jti(self, token):
        key = load_signing_key(self.lab.settings.signing_key_file, "EdDSA").verification
        return verify_token(token, {key.kid: key}, RULES, self.lab.clock()).jti

    def end(self):
        for protocol in self.connections:
            protocol._unset_keepalive_if_required()


@pytest.fixture
def settled():
    """All that can go on without anybody else has gone on."""

    async def settle():
        for _ in range(80):
            await asyncio.sleep(0)

    return settle


@pytest.fixture
def open_gateway(build_lab, scripted):
    """`open_gateway(direct_path=True)`; memory of answers may be used from the beginning."""

    def build(**changes):
        lab = build_lab(**changes)
        app = assemble(lab.settings, lab.parts, lab.metrics)
        gateway = Gateway(lab, app, dict(lab.parts.connection_state))
        lab.parts.cache._clock_s = lab.clock
        lab.parts.hot_path.table.open_until(float("inf"))
        lab.database.answers = [lambda path: scripted.record(int(path.rpartition("/")[2]), "v", gateway.version)]
        return gateway

    return build


@pytest.fixture
def head():
    """`head("GET", 1, "Host: lab")` is the head of a request for a record."""

    def make(method, key, *fields, version="1.1", path="/data"):
        lines = [f"{method} {path}?key={key} HTTP/{version}", *fields]
        return "\r\n".join([*lines, "", ""]).encode()

    return make
