"""Who is let in, by which headers, and for how long."""

import pytest

from scalelab.stack.api_gateway.authentication import BAD_TOKEN, NO_TOKEN, TWO_HEADERS, Authenticator
from scalelab.stack.api_gateway.revocation import RevocationCheck, RevocationFollower, RevokedTokens
from scalelab.stack.api_gateway.sessions import Revocation
from scalelab.stack.api_gateway.sessions.memory import MemorySessionStore
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, VerifiedToken, sign_token

RULES = TokenRules("iss", "aud", 600.0, 30.0)


class Bench:
    """An authenticator, its keys and a clock."""

    def __init__(self, key, max_remembered=100):
        self.key = key
        self.keys = {key.verification.kid: key.verification}
        self.now_s = 1_700_000_000.0
        self.authenticator = Authenticator(
            self.keys, RULES, clock_s=lambda: self.now_s, max_remembered=max_remembered
        )

    def token(self, subject="alice"):
        return sign_token(subject, self.key, RULES, self.now_s)

    def ask(self, *headers):
        """The subject, or the refusal."""
        answer = self.authenticator.authenticate(list(headers))
        return answer.subject if isinstance(answer, VerifiedToken) else answer


@pytest.fixture
def bench(key_file):
    return Bench(load_signing_key(key_file, "EdDSA"))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_in_any_case(bench, scheme):
    """RFC 9110: schemes are compared without case."""
    assert bench.ask(f"{scheme} {bench.token()}") == "alice"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Token x", "Bearerx"])
def test_no_token_is_asked_for_one(bench, header):
    """Another scheme, or nothing at all: a challenge without an error."""
    refusal = bench.ask(header) if header else bench.ask()

    assert refusal in {NO_TOKEN, BAD_TOKEN}
    assert refusal.status == 401


def test_two_headers_are_a_bad_request(bench):
    """Even if both are good."""
    token = bench.token()

    assert bench.ask(f"Bearer {token}", f"Bearer {token}") == TWO_HEADERS


@pytest.mark.parametrize("form", ["Bearer {0}, Bearer {0}", "Bearer {0} x", "Bearer a{0}", "Bearer {0}{0}"])
def test_a_token_with_something_beside_it_is_refused(bench, form):
    """One token and nothing else."""
    assert bench.ask(form.format(bench.token())) == BAD_TOKEN


def test_a_remembered_token_ends_when_it_ends(bench):
    """Expiry plus leeway, not a moment later, though it was verified before."""
    header = f"Bearer {bench.token()}"
    start_s = bench.now_s
    assert bench.ask(header) == "alice"

    bench.now_s = start_s + 629.999
    assert bench.ask(header) == "alice"
    bench.now_s = start_s + 630.0
    assert bench.ask(header) == BAD_TOKEN
    assert len(bench.authenticator._remembered) == 0


def test_a_remembered_token_goes_with_its_key(bench):
    """A key that is taken out takes its tokens along."""
    header = f"Bearer {bench.token()}"
    assert bench.ask(header) == "alice"

    bench.keys.clear()

    assert bench.ask(header) == BAD_TOKEN


def test_the_table_is_bounded(key_file):
    """Three tokens, room for two: all are still good, two are remembered."""
    bench = Bench(load_signing_key(key_file, "EdDSA"), max_remembered=2)
    headers = [f"Bearer {bench.token(subject)}" for subject in ("a", "b", "c")]

    answers = [bench.ask(header) for header in headers * 2]

    assert answers == ["a", "b", "c"] * 2
    assert len(bench.authenticator._remembered) == 2


def test_bad_tokens_are_not_remembered(bench):
    """They would push out the good ones."""
    for number in range(10):
        bench.ask(f"Bearer a.b.c{number}")

    assert len(bench.authenticator._remembered) == 0


async def test_every_refusal_looks_the_same(lab):
    """Constant body but for the request id, a challenge, and no reason."""
    bodies = []
    for token in ("a.b.c", "x" * 9000, lab.client.token + "x", "", "\xff"):
        lab.client.token = token
        answer = await lab.client.get("/data?key=1")
        bodies.append({**answer.json, "request_id": ""})
        assert answer.status == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="scalelab", error="invalid_token"'

    assert bodies == [{"type": "about:blank", "title": "Unauthorized", "status": 401, "request_id": ""}] * 5


async def test_a_token_in_the_query_is_not_read(lab):
    """It would stand in every log."""
    token, lab.client.token = lab.client.token, None

    assert (await lab.client.get(f"/data?key=1&access_token={token}")).status == 401


async def test_two_headers_are_refused_before_anything_is_asked(lab):
    """400 at the gateway, too."""
    header = (b"authorization", f"Bearer {lab.client.token}".encode())

    answer = await lab.client.request("GET", "/data?key=1", raw_headers=[header])

    assert answer.status == 400
    assert lab.database.asked == []


@pytest.mark.parametrize("scopes", [(), ("data:read",), ("data",), ("data:write2", "DATA:WRITE")])
async def test_a_write_needs_its_scope(lab, scopes):
    """403 with the scope that is missing (RFC 6750, section 3.1), and nothing is asked; reading needs none."""
    lab.client.token = lab.token_of("alice", scopes)

    refused = await lab.client.put("/data?key=1", "v")
    asked = list(lab.database.asked)
    read = await lab.client.get("/data?key=1")

    assert (refused.status, read.status) == (403, 200)
    assert refused["WWW-Authenticate"] == ('Bearer realm="scalelab", error="insufficient_scope", scope="data:write"')
    assert asked == []


async def test_the_scope_is_asked_for_after_the_token(lab):
    """Who has no token hears of no scope."""
    lab.client.token = None

    answer = await lab.client.put("/data?key=1", "v")

    assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Bearer realm="scalelab"')


async def test_a_login_gives_the_scopes_of_its_account(lab, scripted, cheap_hasher):
    """A token may do what its account may."""
    account = {"username": "alice", "password_hash": cheap_hasher.hash("right"), "scopes": ["data:write", "x"]}
    lab.database.answers = [scripted.ok(account)]
    body = b'{"username": "alice", "password": "right"}'

    token = (await lab.client.request("POST", "/login", body=body)).json["access_token"]
    verified = lab.parts.authenticator.authenticate([f"Bearer {token}"])

    assert verified.scopes == {"data:write", "x"}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
async def test_the_scheme_has_no_case_for_the_gateway(lab, scheme):
    """And more than one blank may follow it."""
    answer = await lab.client.get("/data?key=1", authorization=f"{scheme} {lab.client.token}")

    assert answer.status == 200


@pytest.mark.parametrize("route", ["/data?key=1", "/process?key=1", "/longtask/x"])
async def test_every_protected_route_refuses_alike(lab, route):
    """The same challenge and body, whatever is asked."""
    lab.client.token = "a.b.c"

    answer = await lab.client.get(route)

    assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Bearer realm="scalelab", error="invalid_token"')
    assert set(answer.json) == {"type", "title", "status", "request_id"}


def test_a_revoked_token_is_refused_though_it_was_remembered(key_file, scripted):
    """At once, and for good; another token of the same subject counts on."""
    clock = scripted.clock()
    revoked = RevokedTokens(clock)
    follower = RevocationFollower(MemorySessionStore(clock), revoked)
    key = load_signing_key(key_file, "EdDSA")
    authenticator = Authenticator(
        {key.verification.kid: key.verification},
        RULES,
        clock_s=clock,
        revocations=RevocationCheck(revoked, follower, "accept"),
    )
    revoked.tell(authenticator)
    headers = [[f"Bearer {sign_token('alice', key, RULES, clock())}"] for _ in range(2)]
    first, second = (authenticator.authenticate(header) for header in headers)

    revoked.add(Revocation(first.jti, clock() + 630))
    answers = [authenticator.authenticate(header) for header in headers * 2]

    assert answers == [BAD_TOKEN, second, BAD_TOKEN, second]
    assert len(authenticator._remembered) == len(authenticator._token_of) == 1
