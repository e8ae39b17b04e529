"""What a client gets, and for how long."""

import pytest

from scalelab.contracts.records import AccountRecord
from scalelab.stack.api_gateway.tokens import TokenRules, verify_token

RULES = TokenRules("iss", "aud", 3600.0, 30.0)
ALICE = AccountRecord(username="alice", password_hash="h", scopes=("data:write",))


@pytest.fixture
def issuer(lab):
    return lab.parts.access.issuer


async def test_a_login_is_a_token_of_a_session(lab, issuer):
    """Its id and its session stand in it, and nothing of the refresh token."""
    tokens = await issuer.begin(ALICE)
    verified = verify_token(tokens.access, lab.parts.access.keys, RULES, lab.clock())

    assert (verified.subject, verified.scopes) == ("alice", {"data:write"})
    assert tokens.refresh.startswith(f"{verified.family}.")
    assert tokens.document() == {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": tokens.refresh,
    }


async def test_a_renewal_stays_in_its_session(lab, issuer):
    """Other ids, the same family."""
    first = await issuer.begin(ALICE)
    second = await issuer.renew(first.refresh)
    before, after = (
        verify_token(tokens.access, lab.parts.access.keys, RULES, lab.clock()) for tokens in (first, second)
    )

    assert before.family == after.family
    assert before.jti != after.jti


async def test_a_session_that_is_not_renewed_ends(lab, issuer):
    """After the setting's time."""
    tokens = await issuer.begin(ALICE)

    lab.clock.now_s += lab.settings.refresh_lifetime_s

    assert await issuer.renew(tokens.refresh) is None


async def test_a_class_among_the_scopes_becomes_a_claim(lab, issuer):
    """And is no scope; a renewal keeps it."""
    account = AccountRecord(username="alice", password_hash="h", scopes=("data:write", "priority:high"))
    first = await issuer.begin(account)
    second = await issuer.renew(first.refresh)

    told = [verify_token(one.access, lab.parts.access.keys, RULES, lab.clock()) for one in (first, second)]

    assert [(one.priority, one.scopes) for one in told] == [("high", {"data:write"})] * 2
