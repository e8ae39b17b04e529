"""A token is good only when everything about it is."""

import base64
import hashlib
import hmac
import json
import socket

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelab.stack.api_gateway.token_keys import SigningKey, VerificationKey, load_signing_key
from scalelab.stack.api_gateway.tokens import MAX_TOKEN_BYTES, TokenRules, sign_token, verify_token

NOW_S = 1_700_000_000.0
RULES = TokenRules(issuer="acme", audience="lab", lifetime_s=600.0, leeway_s=30.0)
PRIVATE = Ed25519PrivateKey.generate()
KEY = SigningKey(PRIVATE, VerificationKey("k1", "EdDSA", PRIVATE.public_key()))
KEYS = {"k1": KEY.verification}
SECRET = SigningKey(b"s" * 32, VerificationKey("s1", "HS256", b"s" * 32))
GOOD = {"iss": "acme", "aud": "lab", "sub": "alice", "jti": "1", "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 600}


def segment(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims, header=None, key=PRIVATE):
    """A token with any header and claims, signed rightly with Ed25519."""
    signing_input = f"{segment(header or {'alg': 'EdDSA', 'kid': 'k1'})}.{segment(claims)}"
    return f"{signing_input}.{segment(key.sign(signing_input.encode()))}"


def verify(token, now_s=NOW_S, keys=KEYS):
    return verify_token(token, keys, RULES, now_s)


@pytest.mark.parametrize("key", [KEY, SECRET], ids=["EdDSA", "HS256"])
def test_a_token_of_ours_is_good(key):
    """Signed and verified: subject, key and times."""
    token = sign_token("alice", key, RULES, NOW_S)

    verified = verify(token, keys={key.verification.kid: key.verification})

    assert (verified.subject, verified.kid) == ("alice", key.verification.kid)
    assert (verified.not_before_s, verified.expires_at_s) == (NOW_S, NOW_S + 600)


def test_each_token_has_an_id_of_its_own():
    """Two logins of one moment are two tokens."""
    first, second = (verify(sign_token("alice", KEY, RULES, NOW_S)) for _ in range(2))

    assert first.jti != second.jti
    assert len(first.jti) == len(second.jti) == 32


def test_scopes_and_family_are_claims():
    """`scope` separated by blanks (RFC 8693), `sid` for the login that the token comes from."""
    token = sign_token("alice", KEY, RULES, NOW_S, scopes={"data:write", "admin"}, family="f1")

    verified = verify(token)

    assert verified.scopes == {"admin", "data:write"}
    assert verified.family == "f1"
    assert jwt.decode(token, options={"verify_signature": False})["scope"] == "admin data:write"


@pytest.mark.parametrize("priority", ["high", "normal", "low"])
def test_the_class_is_a_claim(priority):
    """`priority`; a token that says nothing is as good as any."""
    token = sign_token("alice", KEY, RULES, NOW_S, priority=priority)

    assert verify(token).priority == priority
    said = jwt.decode(token, options={"verify_signature": False}).get("priority", "normal")
    assert said == priority


def test_a_token_without_scope_and_family_has_none():
    """Neither is required."""
    verified = verify(signed(GOOD))

    assert verified.scopes == frozenset()
    assert verified.family == ""


def test_the_test_language_makes_good_tokens():
    """So that the refusals below are refusals of what they change."""
    assert verify(signed(GOOD)) is not None


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "NONE", "", None, "HS256", "ES256", "eddsa", ["EdDSA"]]
)
@pytest.mark.parametrize("kid", ["k1", "s1"])
def test_the_header_does_not_choose_the_algorithm(algorithm, kid):
    """Another algorithm than the key's is refused, whatever the signature."""
    keys = {"k1": KEY.verification, "s1": SECRET.verification}
    header = {"alg": algorithm, "kid": kid}
    unsigned = f"{segment(header)}.{segment(GOOD)}."
    right_signature = signed(GOOD, header)

    assert verify(unsigned, keys=keys) is None
    assert verify(unsigned + "AAAA", keys=keys) is None
    assert verify(right_signature, keys=keys) is None


@pytest.mark.parametrize(
    "secret",
    [
        PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        PRIVATE.public_key().public_bytes_raw(),
        b"",
    ],
    ids=["pem", "raw", "empty"],
)
def test_the_public_key_is_not_a_secret(secret):
    """HS256 signed with the public key: the key stays an Ed25519 key."""
    signing_input = f"{segment({'alg': 'HS256', 'kid': 'k1'})}.{segment(GOOD)}"
    signature = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()

    assert verify(f"{signing_input}.{segment(signature)}") is None


def test_a_key_in_the_header_is_not_read():
    """jwk, jku, x5u and x5c of an attacker: nothing but the key at hand counts."""
    attacker = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": segment(attacker.public_key().public_bytes_raw())}
    header = {
        "alg": "EdDSA",
        "kid": "k1",
        "jwk": jwk,
        "jku": "http://127.0.0.1/keys",
        "x5u": "http://a",
        "x5c": ["a"],
    }

    assert verify(signed(GOOD, header, attacker)) is None
    assert verify(signed(GOOD, header)).subject == "alice"


@pytest.mark.parametrize(
    "kid",
    [
        *(None, "", "k2", "K1", "k1 ", "k1\x00", "k1\n", "../../dev/null", "' OR 1=1 --", "http://127.0.0.1/k1"),
        *("k" * 5000, "k" * 10_240, 1, 1.5, True, ["k1"], {"k1": 1}),
    ],
    ids=lambda kid: repr(kid)[:24],
)
def test_an_odd_key_id_is_nobodys(kid):
    """Looked up in a map, and nothing else."""
    assert verify(signed(GOOD, {"alg": "EdDSA", "kid": kid})) is None


def test_nothing_that_a_header_names_is_fetched():
    """A server stands at the address of `jku` and `x5u`; nobody comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        attacker = Ed25519PrivateKey.generate()
        for kid in ("k1", "unknown"):
            header = {"alg": "EdDSA", "kid": kid, "jku": url, "x5u": url, "x5t": "a", "x5t#S256": "a"}
            assert verify(signed(GOOD, header, attacker)) is None
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_missing_key_id_is_refused():
    """There is no default key."""
    assert verify(signed(GOOD, {"alg": "EdDSA"})) is None


@pytest.mark.parametrize("claim", GOOD)
def test_every_claim_is_required(claim):
    """None of them may be missing."""
    assert verify(signed({name: value for name, value in GOOD.items() if name != claim})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "acme.evil"},
        {"iss": "acm"},
        {"iss": ["acme"]},
        {"iss": None},
        {"aud": "laboratory"},
        {"aud": ["lab"]},
        {"aud": ["lab", "other"]},
        {"aud": ""},
        {"sub": ""},
        {"sub": 7},
        {"sub": None},
        {"jti": ""},
        {"jti": 1},
        {"exp": str(NOW_S + 600)},
        {"exp": True},
        {"exp": None},
        {"exp": 10**400},
        {"exp": 1e300},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -1},
        {"nbf": [NOW_S]},
        {"nbf": str(NOW_S)},
        {"nbf": 10**400},
        {"iat": str(NOW_S)},
        {"iat": float("nan")},
        {"aud": ["la", "b"]},
        {"aud": "LAB"},
        {"aud": None},
        {"aud": {"lab": 1}},
        {"iss": "acme "},
        {"iss": "ACME"},
        {"iss": "https://acme"},
        {"iat": {}},
        {"scope": ["data:write"]},
        {"scope": None},
        {"sid": ""},
        {"sid": 1},
        {"priority": "root"},
        {"priority": ["high"]},
        {"priority": None},
    ],
    ids=str,
)
def test_a_claim_of_another_value_or_type_is_refused(change):
    """Issuer and audience are compared as whole strings; times are finite numbers."""
    assert verify(signed({**GOOD, **change})) is None


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({"exp": NOW_S - 29.5}, True),
        ({"exp": NOW_S - 30}, False),
        ({"nbf": NOW_S + 30}, True),
        ({"nbf": NOW_S + 30.5}, False),
        ({"iat": NOW_S + 30}, True),
        ({"iat": NOW_S + 31}, False),
    ],
    ids=str,
)
def test_clocks_may_differ_by_the_leeway(change, is_good):
    """Both ways, and not by more; the end is exactly expiry plus leeway."""
    assert (verify(signed({**GOOD, **change})) is not None) == is_good


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        signed(GOOD) + ".x",
        signed(GOOD) + "=",
        signed(GOOD) + "\n",
        " " + signed(GOOD),
        signed(GOOD).replace(".", "..", 1),
        signed([GOOD]),
        signed("alice"),
        signed(b"\xff\xfe"),
        signed(b"{"),
        signed(b"[" * 4000),
        signed(GOOD, {"alg": "EdDSA", "kid": "k1", "crit": ["exp"]}),
        signed(GOOD, {"alg": "EdDSA", "kid": "k1", "b64": False}),
        signed({**GOOD, "sub": "a" * MAX_TOKEN_BYTES}),
        "a" * 2**20,
        f"{segment({'alg': 'EdDSA', 'kid': 'k1'})}.{'a' * 2**20}.AAAA",
        f"{segment(b'[' * 1000 + b']' * 1000)}.{segment(GOOD)}.AAAA",
        f"{segment({'alg': 'EdDSA', 'kid': 'k1', 'x': json.loads('[' * 500 + ']' * 500)})}.{segment(GOOD)}.AAAA",
        f"{segment({'alg': 'RSA-OAEP', 'enc': 'A256GCM', 'zip': 'DEF', 'kid': 'k1'})}.AAAA.AAAA.AAAA.AAAA",
        f"{segment({'alg': 'dir', 'enc': 'A256GCM', 'zip': 'DEF', 'kid': 'k1'})}..AAAA.AAAA.AAAA",
        json.dumps(dict(zip(("protected", "payload", "signature"), signed(GOOD).split("."), strict=True))),
        json.dumps({"payload": segment(GOOD), "signatures": []}),
        signed(GOOD).replace("-", "+").replace("_", "/") + "==",
        signed(GOOD, {"alg": "EdDSA", "kid": "k1", "zip": "DEF", "crit": ["zip"]}),
        "\u0661.\u0662.\u0663",
    ],
    ids=lambda token: token[:20],
)
def test_what_is_not_a_compact_token_is_refused(token):
    """Too few or many parts, padding, blanks, other JSON, critical extensions, too long."""
    assert verify(token) is None


@pytest.mark.parametrize("claim", GOOD)
def test_a_claim_that_stands_twice_is_refused(claim):
    """Two readers could see two values."""
    doubled = json.dumps(GOOD)[:-1] + f', "{claim}": {json.dumps(GOOD[claim])}' + "}"

    assert verify(signed(doubled.encode())) is None


def test_a_header_that_says_something_twice_is_refused():
    """The first key id might be looked up, and the second believed."""
    assert verify(signed(GOOD, b'{"alg": "EdDSA", "kid": "k2", "kid": "k1"}')) is None
    assert verify(signed(GOOD, b'{"alg": "none", "alg": "EdDSA", "kid": "k1"}')) is None


def test_another_spelling_of_the_signature_is_refused():
    """The last character carries spare bits: only the canonical one counts."""
    token = signed(GOOD)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]

    assert base64.urlsafe_b64decode(sibling.rsplit(".")[2] + "==") == base64.urlsafe_b64decode(
        token.rsplit(".")[2] + "=="
    )
    assert verify(sibling) is None


def test_a_changed_claim_breaks_the_signature():
    """Header and signature of one token, claims of another."""
    header, _, signature = signed(GOOD).split(".")

    assert verify(f"{header}.{segment({**GOOD, 'sub': 'admin'})}.{signature}") is None


def test_a_library_of_others_agrees(key_file):
    """PyJWT's own decoder takes our token with the same rules."""
    key = load_signing_key(key_file, "EdDSA")
    token = sign_token("alice", key, RULES, NOW_S)

    claims = jwt.decode(
        token,
        key.verification.material,
        algorithms=["EdDSA"],
        audience="lab",
        issuer="acme",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )

    assert claims["sub"] == "alice"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_raises(text):
    """Whatever comes is a value."""
    assert verify(text) is None
