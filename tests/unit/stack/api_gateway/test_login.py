"""Credentials for a token."""

import asyncio
import json

import pytest

from scalelab.stack.api_gateway import passwords

MAX_FAILURES = 10


def credentials(username="alice", password="right"):
    return json.dumps({"username": username, "password": password}).encode()


@pytest.fixture
def lab_with_alice(lab, scripted, cheap_hasher):
    """The database knows alice and nobody else."""
    account = {"username": "alice", "password_hash": cheap_hasher.hash("right")}
    unknown = scripted.ok({"status": 404}, status=404)
    lab.database.answers = [lambda path: scripted.ok(account) if path == "/accounts/alice" else unknown]
    lab.client.token = None
    return lab


async def test_the_right_password_gives_a_token_that_lets_in(lab_with_alice, scripted):
    """Type, lifetime, and not to be stored by anybody."""
    answer = await lab_with_alice.client.request("POST", "/login", body=credentials())
    lab_with_alice.client.token = answer.json["access_token"]
    lab_with_alice.database.answers = [scripted.record(1)]

    assert answer.status == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert answer["Cache-Control"] == "no-store"
    assert (await lab_with_alice.client.get("/data?key=1")).status == 200


async def test_unknown_user_and_wrong_password_look_the_same(lab_with_alice):
    """Same status, headers and body, but for the request id."""
    wrong = await lab_with_alice.client.request("POST", "/login", body=credentials(password="wrong"))
    unknown = await lab_with_alice.client.request("POST", "/login", body=credentials(username="mallory"))

    seen = [
        (
            answer.status,
            {**answer.json, "request_id": ""},
            [pair for pair in answer.headers if pair[0] not in {"x-request-id", "content-length"}],
        )
        for answer in (wrong, unknown)
    ]
    assert seen[0] == seen[1]
    assert seen[0][0] == 401


@pytest.mark.parametrize("username", ["..", "../records/1", "a/b", "a b", "a%2fb", "a?b", "\u00e9", "x" * 200])
async def test_a_name_that_cannot_exist_forms_no_path(lab_with_alice, username):
    """Unknown like any other, and the database is not asked."""
    answer = await lab_with_alice.client.request("POST", "/login", body=credentials(username=username))

    assert answer.status == 401
    assert lab_with_alice.database.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'{"username": "alice"}', 400),
        (b'{"username": "", "password": "x"}', 400),
        (b'{"username": "alice", "password": 1}', 400),
        (b"x" * 65_537, 413),
    ],
)
async def test_a_bad_body_is_refused(lab_with_alice, body, status):
    """Before anybody is asked; a password is never repeated."""
    answer = await lab_with_alice.client.request("POST", "/login", body=body)

    assert answer.status == status
    assert lab_with_alice.database.asked == []


async def test_guessing_is_slowed_down(lab_with_alice):
    """After ten failures the account waits, the right password included; another account does not."""
    for _ in range(MAX_FAILURES):
        await lab_with_alice.client.request("POST", "/login", body=credentials(password="wrong"))
    stopped = await lab_with_alice.client.request("POST", "/login", body=credentials())
    other = await lab_with_alice.client.request("POST", "/login", body=credentials(username="bob"))

    assert (stopped.status, other.status) == (429, 401)
    assert 1 <= int(stopped["Retry-After"]) <= 60


async def test_a_client_is_slowed_down_whatever_it_says_of_itself(build_lab, scripted):
    """Five names, one peer: a forged X-Forwarded-For gives no new attempts when the peer is not trusted."""
    lab = build_lab(login_failures_per_peer=5, trusted_peers=("10.0.0.0/8",))
    lab.database.answers = [scripted.ok({"status": 404}, status=404)]
    statuses = [
        (
            await lab.client.request(
                "POST", "/login", headers={"x-forwarded-for": f"1.2.3.{number}"}, body=credentials(f"name{number}")
            )
        ).status
        for number in range(6)
    ]

    assert statuses == [401] * 5 + [429]


async def test_clients_behind_a_trusted_balancer_are_told_apart(build_lab, scripted):
    """By what it says, not by what its client says."""
    lab = build_lab(login_failures_per_peer=2)
    lab.database.answers = [scripted.ok({"status": 404}, status=404)]

    async def status(number, forwarded):
        headers = {"x-forwarded-for": forwarded}
        body = credentials(f"name{number}")
        return (await lab.client.request("POST", "/login", headers=headers, body=body)).status

    forged = [await status(number, f"1.1.1.{number}, 8.8.8.8") for number in range(3)]
    other = await status(9, "9.9.9.9")

    assert (forged, other) == ([401, 401, 429], 401)


async def test_an_unknown_user_costs_one_hash_like_a_wrong_password(lab_with_alice, monkeypatch):
    """The same code runs with a hash of the same parameters; only whose it is differs."""
    checked = []
    real = passwords._matches
    monkeypatch.setattr(passwords, "_matches", lambda *pair: checked.append(pair[0]) or real(*pair))
    await lab_with_alice.client.request("POST", "/login", body=credentials())  # the decoy takes on alice's parameters
    checked.clear()

    for username in ("alice", "mallory", "a b"):
        await lab_with_alice.client.request("POST", "/login", body=credentials(username, "wrong"))

    assert len(checked) == 3
    assert len({one.rpartition("$")[0].rpartition("$")[0] for one in checked}) == 1


async def test_too_many_hashes_at_once_are_told_to_come_back(lab_with_alice):
    """503 with Retry-After, and no failure is counted."""
    lab_with_alice.parts._passwords._max_waiting = 0

    answer = await lab_with_alice.client.request("POST", "/login", body=credentials())

    assert (answer.status, answer["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(("kind", "status"), [("unreachable", 503), ("broken", 502), ("timeout", 504)])
async def test_a_database_that_is_away_is_not_a_wrong_password(lab_with_alice, scripted, kind, status):
    """The client hears whose fault it is."""
    lab_with_alice.database.answers = [scripted.fault(kind)]

    assert (await lab_with_alice.client.request("POST", "/login", body=credentials())).status == status


async def test_a_client_that_leaves_the_queue_is_not_looked_up(build_lab):
    """No account is asked for, and the slot stays with its holder."""
    lab = build_lab(upstream_slots=1)
    await lab.parts.slots.acquire()
    asking = asyncio.create_task(lab.client.request("POST", "/login", body=credentials()))
    while lab.parts.slots.queue_length == 0:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)

    lab.client.leave()
    gone = await asking

    assert (gone.status, lab.database.asked) == (499, [])
    assert repr(lab.parts.slots) == "<upstream slots: 1 of 1 in use, 0 wait>"


async def test_an_answer_that_is_no_account_is_a_bad_gateway(lab_with_alice, scripted):
    """Never a 500, and never a login."""
    lab_with_alice.database.answers = [scripted.ok({"something": "else"})]

    assert (await lab_with_alice.client.request("POST", "/login", body=credentials())).status == 502
