"""The class of a request is its token's: it decides who waits, and who is sent away."""

import asyncio

import pytest

from scalelab.stack.api_gateway.priority_classes import parted
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        ((), ("normal", set())),
        (("data:write",), ("normal", {"data:write"})),
        (("priority:low", "data:write"), ("low", {"data:write"})),
        (("priority:low", "priority:high"), ("high", set())),
        (("priority:none",), ("normal", {"priority:none"})),
    ],
)
def test_an_accounts_scopes_part_into_class_and_the_rest(scopes, told):
    """Of several classes the highest."""
    assert parted(scopes) == told


def bearer_of(lab, priority):
    rules = TokenRules("iss", "aud", 3600.0, 30.0)
    key = load_signing_key(lab.settings.signing_key_file, lab.settings.token_algorithm)
    token = sign_token(f"{priority}-user", key, rules, lab.clock(), scopes=("data:write",), priority=priority)
    return {"Authorization": f"Bearer {token}"}


async def shed_by(lab):
    """A slot is held and one request of a low class waits; then one of a high class comes. Both statuses."""
    lab.database.open.clear()
    holder = asyncio.create_task(lab.client.get("/data?key=1"))
    await lab.database.was_asked.wait()
    asked = []
    for key, priority in ((2, "low"), (3, "high")):
        asked.append(asyncio.create_task(lab.client.get(f"/data?key={key}", **bearer_of(lab, priority))))
        for _ in range(40):
            await asyncio.sleep(0)
    lab.database.open.set()
    answers = await asyncio.gather(holder, *asked)
    lab.metrics.exposition()
    return [(answer.status, answer["Retry-After"]) for answer in answers]


@pytest.mark.parametrize("cache_ttl_s", [0, 60])
async def test_a_full_queue_sends_the_lower_class_away(build_lab, cache_ttl_s):
    """With 503 and `Retry-After`, though it came first; counted by class."""
    lab = build_lab(upstream_slots=1, slot_queue_limit=1, slot_classes=True, cache_ttl_s=cache_ttl_s)

    assert await shed_by(lab) == [(200, None), (503, "1"), (200, None)]
    assert lab.metric("scalelab_requests_shed_of_class_total", priority="low") == 1
    assert lab.metric("scalelab_requests_shed_total") == 1


async def test_without_classes_a_claim_means_nothing(build_lab):
    """First come, first served."""
    lab = build_lab(upstream_slots=1, slot_queue_limit=1)

    assert await shed_by(lab) == [(200, None), (200, None), (503, "1")]
    assert b"shed_of_class" not in lab.metrics.exposition()
