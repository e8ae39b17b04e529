"""Any text as a token: a value or None, and nothing that PyJWT would refuse."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from scalelab.stack.api_gateway.authentication import Refusal, bearer_token
from scalelab.stack.api_gateway.refresh_tokens import new_family, new_refresh_token, parse_refresh_token
from scalelab.stack.api_gateway.token_keys import SigningKey, VerificationKey
from scalelab.stack.api_gateway.tokens import TokenRules, VerifiedToken, sign_token, verify_token

NOW_S = 1_800_000_000.0
RULES = TokenRules("iss", "aud", 100.0, 30.0)
PRIVATE = Ed25519PrivateKey.generate()
SECRET = b"0123456789abcdef0123456789abcdef"
KEYS = {
    "ed": SigningKey(PRIVATE, VerificationKey("ed", "EdDSA", PRIVATE.public_key())),
    "hs": SigningKey(SECRET, VerificationKey("hs", "HS256", SECRET)),
}
VERIFYING = {name: key.verification for name, key in KEYS.items()}
SIGNING = [
    (jwt.algorithms.OKPAlgorithm(), PRIVATE),
    (jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256), SECRET),
]
TOKENS = [sign_token("alice", key, RULES, NOW_S, scopes=["a"], family="f", jti="j") for key in KEYS.values()]

_scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
_json = st.recursive(
    _scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
_algorithms = st.sampled_from(["EdDSA", "HS256", "none", "None", "nOnE", "RS256", "HS512", ""])
_headers = st.fixed_dictionaries(
    {"alg": _algorithms | _json, "kid": st.sampled_from(["ed", "hs", "../../dev/null"]) | _json},
    optional={"crit": _json, "b64": _json, "jwk": _json, "jku": _json, "typ": _json, "zip": _json},
)
_times = (
    st.sampled_from([NOW_S, NOW_S - 31, NOW_S + 31, NOW_S + 100, 0, -1, 1e300, float("nan"), float("inf")]) | _json
)
_claims = st.fixed_dictionaries(
    {
        "iss": st.sampled_from(["iss", "iss ", "is", ["iss"]]),
        "aud": st.sampled_from(["aud", ["aud"], ""]),
        "sub": st.text(max_size=3) | _json,
        "jti": st.text(max_size=3) | _json,
        "iat": _times,
        "nbf": _times,
        "exp": _times,
    },
    optional={"scope": _json, "sid": _json, "x": _json},
)


def segment(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@st.composite
def signed(draw):
    """With a key of ours, whatever it says."""
    header, claims = draw(_headers), draw(_claims | _json)
    signing_input = f"{segment(json.dumps(header).encode())}.{segment(json.dumps(claims).encode())}"
    algorithm, key = draw(st.sampled_from(SIGNING))
    signature = algorithm.sign(signing_input.encode(), key)
    return f"{signing_input}.{segment(signature)}"


@st.composite
def torn(draw):
    """A good token with a character or two changed."""
    token = draw(st.sampled_from(TOKENS))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(token)))
        token = token[:place] + draw(st.text(max_size=2)) + token[place + draw(st.integers(0, 2)) :]
    return token


@fuzzed
@given(token=st.one_of(signed(), torn(), st.text(max_size=40), st.just(".".join("a" * 3))))
def test_a_token_is_good_or_it_is_not(token):
    """Nothing is raised; what is let in, PyJWT lets in with the key that it names, and says the same."""
    verified = verify_token(token, VERIFYING, RULES, NOW_S)

    assert verified is None or isinstance(verified, VerifiedToken)
    if verified is None:
        return
    key = VERIFYING[jwt.get_unverified_header(token)["kid"]]
    unjudged = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}  # by another clock
    claims = jwt.decode(
        token, key.material, algorithms=[key.algorithm], audience="aud", issuer="iss", options=unjudged
    )
    assert (claims["sub"], claims["jti"]) == (verified.subject, verified.jti)
    assert claims["nbf"] - 30 <= NOW_S < claims["exp"] + 30


@pytest.mark.parametrize("token", TOKENS)
def test_a_good_token_is_good(token):
    """Both algorithms."""
    verified = verify_token(token, VERIFYING, RULES, NOW_S)

    assert verified is not None
    assert (verified.subject, verified.family, verified.scopes) == ("alice", "f", {"a"})


@fuzzed
@given(token=torn())
def test_a_token_with_another_letter_is_another_token(token):
    """No spelling but one is good."""
    assert token in TOKENS or verify_token(token, VERIFYING, RULES, NOW_S) is None


@fuzzed
@given(
    fields=st.lists(
        st.text(max_size=20) | st.sampled_from(["Bearer a", "bearer  a ", "Basic x", "Bearer"]), max_size=2
    )
)
def test_any_field_is_a_token_or_a_refusal(fields):
    """And two are never one."""
    token = bearer_token(fields)

    assert isinstance(token, str | Refusal)
    assert len(fields) == 1 or isinstance(token, Refusal)


@fuzzed
@given(text=st.text(max_size=90))
def test_a_refresh_token_is_one_that_was_given(text):
    """Its form alone is checked here."""
    token = new_refresh_token(new_family())
    parsed = parse_refresh_token(text)

    assert parse_refresh_token(token.text) == token
    assert parsed is None or parsed.text == text
