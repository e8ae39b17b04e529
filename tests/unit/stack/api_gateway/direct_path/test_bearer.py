"""What is trusted of a client's token for a while, and what ends that trust at once."""

import pytest

from scalelab.stack.api_gateway.authentication import Authenticator
from scalelab.stack.api_gateway.direct_path.bearer import LONGEST_TRUST_S, Bearer
from scalelab.stack.api_gateway.revocation import BLIND_AFTER_S
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token

RULES = TokenRules("iss", "aud", 600.0, 30.0)
NOW_S = 1_700_000_000.0


class Revocations:
    """Heard when it is told so; counts who asks."""

    def __init__(self):
        self.silence_s, self.policy_lets_in, self.revoked, self.asked = 0.0, True, set(), 0

    def is_revoked(self, jti):
        return jti in self.revoked

    def lets_in(self):
        self.asked += 1
        return self.silence_s <= BLIND_AFTER_S or self.policy_lets_in

    def certain_for_s(self):
        return max(0.0, BLIND_AFTER_S - self.silence_s)


class Bench:
    """A bearer with a good token; `now_s` is both clocks."""

    def __init__(self, key):
        self.now_s = NOW_S
        self.revocations = Revocations()
        self.keys = {key.verification.kid: key.verification}
        self.authenticator = Authenticator(self.keys, RULES, clock_s=lambda: self.now_s, revocations=self.revocations)
        self.token = sign_token("alice", key, RULES, NOW_S)
        self.bearer = Bearer(self.authenticator, [f"Bearer {self.token}"])

    def ask(self, after_s=0.0):
        self.now_s += after_s
        admitted = self.bearer.admitted(self.now_s)
        return None if admitted is None else admitted.subject


@pytest.fixture
def bench(key_file):
    return Bench(load_signing_key(key_file, "EdDSA"))


def test_within_a_second_the_token_is_looked_at_once(bench):
    """And again after it."""
    told = [bench.ask(after_s) for after_s in (0.0, 0.5, 0.4)]
    asked_within = bench.revocations.asked

    bench.ask(LONGEST_TRUST_S)

    assert told == ["alice"] * 3
    assert (asked_within, bench.revocations.asked) == (1, 2)


def test_a_revoked_token_is_refused_at_once(bench):
    """Trust ends with what the authenticator recalls."""
    jti = bench.bearer.admitted(bench.now_s).jti
    bench.revocations.revoked.add(jti)
    bench.authenticator.on_revoked(jti)

    assert bench.ask() is None


def test_a_token_whose_key_has_gone_is_refused_at_once(bench):
    """The key ring has everything verified anew."""
    bench.ask()
    bench.keys.clear()
    bench.authenticator.forget_all()

    assert bench.ask() is None


def test_a_token_ends_at_its_end(bench):
    """Also within the second."""
    bench.now_s = NOW_S + RULES.lifetime_s + RULES.leeway_s - 0.3

    assert [bench.ask(), bench.ask(0.29), bench.ask(0.02)] == ["alice", "alice", None]


def test_nobody_is_trusted_beyond_the_moment_at_which_revocations_may_have_been_missed(bench):
    """A gateway that is about to be blind is not certain for a whole second."""
    bench.revocations.policy_lets_in = False
    bench.revocations.silence_s = 0.9
    bench.ask()
    bench.revocations.silence_s = 1.1

    assert bench.ask(0.2) is None


def test_every_token_that_is_let_in_unchecked_is_asked_about(bench):
    """They are counted one by one."""
    bench.revocations.silence_s = 2.0
    for _ in range(3):
        assert bench.ask() == "alice"

    assert bench.revocations.asked == 3


@pytest.mark.parametrize("authorization", [[], ["Basic x"], ["Bearer {0}", "Bearer {0}"], ["Bearer x"], [""]])
def test_who_shows_no_good_token_is_not_admitted(bench, authorization):
    """The ordinary way says why."""
    shown = [value.format(bench.token) for value in authorization]

    assert Bearer(bench.authenticator, shown).admitted(NOW_S) is None
