"""Refresh and logout, from outside."""

import json

import pytest

from scalelab.stack.api_gateway.sessions import SessionFault

REFUSED = 'Bearer realm="scalelab", error="invalid_token"'


@pytest.fixture
def session(lab, scripted, cheap_hasher):
    """A login of alice: `session.tokens`, and how to go on with it."""
    account = {"username": "alice", "password_hash": cheap_hasher.hash("right"), "scopes": ["data:write"]}

    class Session:
        async def login(self):
            lab.client.token = None
            lab.database.answers = [scripted.ok(account)]
            answer = await lab.client.request("POST", "/login", body=b'{"username": "alice", "password": "right"}')
            lab.database.answers = [scripted.record(1)]
            return answer

        async def refresh(self, token):
            body = json.dumps({"refresh_token": token}).encode()
            return await lab.client.request("POST", "/token/refresh", body=body)

        async def read(self, token):
            return (await lab.client.get("/data?key=1", authorization=f"Bearer {token}")).status

        async def logout(self, token):
            return await lab.client.request("POST", "/logout", headers={"authorization": f"Bearer {token}"})

    return Session()


async def test_a_refresh_token_gives_the_next_two(lab, session):
    """Not to be stored by anybody, with the same scopes; the access token of before counts on."""
    first = (await session.login()).json

    answer = await session.refresh(first["refresh_token"])
    second = answer.json

    assert (answer.status, answer["Cache-Control"]) == (200, "no-store")
    assert second["refresh_token"] != first["refresh_token"]
    assert [await session.read(one["access_token"]) for one in (first, second)] == [200, 200]
    verified = lab.parts.authenticator.authenticate([f"Bearer {second['access_token']}"])
    assert (verified.subject, verified.scopes) == ("alice", {"data:write"})


async def test_a_replay_ends_refresh_and_access_tokens_of_the_family(session):
    """Those remembered as good, too; another login of the same user goes on."""
    other = (await session.login()).json
    first = (await session.login()).json
    second = (await session.refresh(first["refresh_token"])).json
    assert await session.read(second["access_token"]) == 200

    replayed = await session.refresh(first["refresh_token"])

    assert (replayed.status, replayed["WWW-Authenticate"]) == (401, REFUSED)
    assert (await session.refresh(second["refresh_token"])).status == 401
    assert [await session.read(one["access_token"]) for one in (first, second, other)] == [401, 401, 200]


@pytest.mark.parametrize("form", ["nonsense", "{0}x", "x{0}", "{0}.{0}", " {0}", "a" * 1024])
async def test_what_is_no_refresh_token_is_refused(session, form):
    """The same answer as for a spent one, and it ends nothing."""
    token = (await session.login()).json["refresh_token"]

    refused = await session.refresh(form.format(token)[:1024])

    assert (refused.status, refused["WWW-Authenticate"]) == (401, REFUSED)
    assert {**refused.json, "request_id": ""} == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "request_id": "",
    }
    assert (await session.refresh(token)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{}", 400), (b'{"refresh_token": 1}', 400), (b'{"refresh_token": ""}', 400), (b"x" * 65_537, 413)],
)
async def test_a_bad_body_is_refused(lab, body, status):
    """And not repeated."""
    assert (await lab.client.request("POST", "/token/refresh", body=body)).status == status


async def test_a_refresh_token_is_no_access_token(session):
    """Nor the other way round."""
    tokens = (await session.login()).json

    assert await session.read(tokens["refresh_token"]) == 401
    assert (await session.refresh(tokens["access_token"][:1024])).status == 401


async def test_a_logout_ends_the_token_and_its_session(lab, session):
    """At once; 204; a second logout is 401."""
    tokens = (await session.login()).json
    assert await session.read(tokens["access_token"]) == 200

    done, again = [await session.logout(tokens["access_token"]) for _ in range(2)]

    assert (done.status, done.body, again.status) == (204, b"", 401)
    assert await session.read(tokens["access_token"]) == 401
    assert (await session.refresh(tokens["refresh_token"])).status == 401
    assert lab.metric("scalelab_revoked_tokens") == 1


async def test_a_logout_needs_a_token(lab):
    """Nobody can log out another."""
    lab.client.token = None

    assert (await lab.client.request("POST", "/logout")).status == 401


async def test_a_logout_reaches_whoever_remembers_tokens(lab, session):
    """The hit path is told the id."""
    heard = []

    class Table:
        def on_revoked(self, jti):
            heard.append(jti)

    lab.parts.access.revoked.tell(Table())
    token = (await session.login()).json["access_token"]
    jti = lab.parts.authenticator.authenticate([f"Bearer {token}"]).jti

    await session.logout(token)

    assert heard == [jti]


async def test_without_the_store_nobody_is_renewed_or_logged_out(lab, session):
    """503 with Retry-After, and the tokens are as they were; a login has no refresh token."""
    tokens = (await session.login()).json
    sessions = lab.parts.access._sessions

    class Gone:
        async def fault(self, *_arguments):
            return SessionFault("gone")

        begin = renew = end = fault

    lab.parts.access.issuer._sessions = Gone()
    answers = [await session.refresh(tokens["refresh_token"]), await session.logout(tokens["access_token"])]
    login = await session.login()
    lab.parts.access.issuer._sessions = sessions

    assert [(answer.status, answer["Retry-After"]) for answer in answers] == [(503, "1"), (503, "1")]
    assert (login.status, "refresh_token" in login.json) == (200, False)
    assert await session.read(tokens["access_token"]) == 200
    assert (await session.refresh(tokens["refresh_token"])).status == 200


async def test_a_blind_gateway_may_refuse(build_lab):
    """503 for a good token, 401 for a bad one as ever; by default it is let in and counted."""
    strict, lenient = build_lab(revocation_when_unreachable="refuse"), build_lab()

    refused = await strict.client.get("/data?key=1")
    accepted = await lenient.client.get("/data?key=1")
    strict.client.token += "x"
    bad = await strict.client.get("/data?key=1")

    assert (refused.status, refused["Retry-After"], bad.status) == (503, "1", 401)
    assert accepted.status == 200
    assert lenient.metric("scalelab_tokens_unchecked_total") == 1
