"""Tokens that are good, and every way in which one may not be; passwords as they are kept; credentials files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.auth import passwords, signing
from dcos_runtime.guard import credentials, tokens
from tests.support.daemons.cheap_passwords import cheap_passwords

CLUSTER = "0b9d3c52-6a1f-4a4e-9f0e-5c1d2e3f4a5b"
OTHER = "1b9d3c52-6a1f-4a4e-9f0e-5c1d2e3f4a5b"


def new_key(bits: int = 2048) -> bytes:
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


KEY, OTHER_KEY = new_key(), new_key()
SIGNER = signing.Signer(KEY, CLUSTER)
VERIFIER = tokens.Verifier(SIGNER.public_key, CLUSTER)


def signed(changes: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> str:
    now = int(time.time())
    claims = {"uid": "ann", "iss": CLUSTER, "iat": now, "exp": now + 60, "jti": "one", **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def by_hand(header: dict[str, Any], claims: dict[str, Any], sign: Any) -> str:
    """A token that no library would make."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    body = b".".join(parts)
    return (body + b"." + base64.urlsafe_b64encode(sign(body)).rstrip(b"=")).decode()


def test_an_issued_token_is_good_and_tells_its_user() -> None:
    claims = VERIFIER.verify(SIGNER.issue("ann@example.org"))
    assert claims.uid == "ann@example.org"
    assert claims.expires - time.time() == pytest.approx(tokens.LIFETIME, abs=5)
    assert VERIFIER.verify(SIGNER.issue("ann")).id != claims.id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": int(time.time()) - 1}, "expired"),
        ({"exp": None}, "not valid"),
        ({"exp": "soon"}, "not valid"),
        ({"iat": None}, "not valid"),
        ({"iat": int(time.time()) + 3600}, "future"),
        ({"iss": OTHER}, "another cluster"),
        ({"iss": None}, "not valid"),
        ({"jti": None}, "not valid"),
        ({"jti": ""}, "no id"),
        ({"uid": None}, "names no user"),
        ({"uid": 7}, "names no user"),
        ({"uid": "a b"}, "names no user"),
        ({"uid": "ann\n"}, "names no user"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(tokens.TokenRefused, match=why):
        VERIFIER.verify(signed(changes))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(tokens.TokenRefused):
        VERIFIER.verify(signed({}, OTHER_KEY))
    with pytest.raises(tokens.TokenRefused):
        VERIFIER.verify(signing.Signer(OTHER_KEY, CLUSTER).issue("ann"))


def test_no_other_algorithm_is_honoured() -> None:
    now = int(time.time())
    claims = {"uid": "ann", "iss": CLUSTER, "iat": now, "exp": now + 60, "jti": "one"}

    def with_public_key(body: bytes) -> bytes:
        return hmac.digest(SIGNER.public_key, body, hashlib.sha256)

    for forged in (
        by_hand({"alg": "none"}, claims, lambda body: b""),
        by_hand({"alg": "None", "typ": "JWT"}, claims, lambda body: b""),
        by_hand({"alg": "HS256", "typ": "JWT"}, claims, with_public_key),
        by_hand({"alg": "HS256", "kid": VERIFIER.jwk["kid"]}, claims, with_public_key),
        signed({}, ec.generate_private_key(ec.SECP256R1()), "ES256"),
        signed({}, KEY, "RS512"),
    ):
        with pytest.raises(tokens.TokenRefused):
            VERIFIER.verify(forged)


def test_a_token_remembered_as_good_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = SIGNER.issue("ann", lifetime=60)
    assert VERIFIER.verify(token).uid == "ann"
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(tokens.TokenRefused, match="expired"):
        VERIFIER.verify(token)


@given(st.text(max_size=200))
def test_no_text_is_a_token_and_none_breaks_the_verifier(text: str) -> None:
    with pytest.raises(tokens.TokenRefused):
        VERIFIER.verify(text)


_TOKEN = SIGNER.issue("ann")


@given(st.data())
@settings(max_examples=200)
def test_a_token_with_one_character_changed_is_none(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(_TOKEN) - 1))
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.=+/ \n\t"))
    changed = _TOKEN[:place] + other + _TOKEN[place + 1 :]
    if changed != _TOKEN:
        with pytest.raises(tokens.TokenRefused):
            VERIFIER.verify(changed)


@given(st.data())
@settings(max_examples=200)
def test_a_token_with_characters_added_is_none(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([0, len(_TOKEN), *(at for at in range(len(_TOKEN)) if _TOKEN[at] == ".")]))
    added = data.draw(st.text("=. \n\t\0A-_+/é\udcff", min_size=1, max_size=4))
    with pytest.raises(tokens.TokenRefused):
        VERIFIER.verify(_TOKEN[:place] + added + _TOKEN[place:])


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _spelled_otherwise(part: str) -> list[str]:
    """Strings that a lenient reader takes for the same bytes."""
    padded = [part + "=" * count for count in (1, 2, 3, 4)]
    spaced = [f"{part} ", f"{part}\n", f"\t{part}", f"{part[:5]}\r\n{part[5:]}", f"{part[:5]}!{part[5:]}"]
    plain = [part.replace("-", "+").replace("_", "/")]
    bits = {2: 4, 3: 2}.get(len(part) % 4, 0)  # of the last character that nothing is made of
    stray = [part[:-1] + _ALPHABET[_ALPHABET.index(part[-1]) ^ change] for change in range(1, 1 << bits)]
    same = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    assert all(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) == same for one in stray)
    return [one for one in (*padded, *spaced, *plain, *stray) if one != part]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["header", "claims", "signature"])
@pytest.mark.parametrize("name", ["ann", "anna", "annas"])  # the length of the claims differs
def test_a_token_has_one_spelling(name: str, place: int) -> None:
    token = SIGNER.issue(name)
    parts = token.split(".")
    others = _spelled_otherwise(parts[place])
    assert len(others) >= 9
    for other in others:
        changed = ".".join([*parts[:place], other, *parts[place + 1 :]])
        for _ in range(2):  # known as good or not
            with pytest.raises(tokens.TokenRefused, match="not written as tokens are"):
                VERIFIER.verify(changed)
            VERIFIER.verify(token)


def test_a_huge_token_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(tokens.TokenRefused, match="too long"):
        VERIFIER.verify("a" * 100_000)


def test_keys_that_are_too_weak_or_none_are_refused_without_being_shown(tmp_path: Path) -> None:
    secret = "MIIEthisisnokey"
    for content in (b"", secret.encode(), f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----".encode()):
        path = tmp_path / "key.pem"
        path.write_bytes(content)
        for read in (signing.signer, tokens.verifier):
            with pytest.raises(tokens.KeyUnusable) as caught:
                read(path, CLUSTER)
            assert str(path) in str(caught.value)
            assert secret not in repr(caught.value)
            if read is signing.signer:
                assert caught.value.__cause__ is None
    with pytest.raises(tokens.KeyUnusable, match="2048"):
        signing.Signer(new_key(1024), CLUSTER)
    with pytest.raises(tokens.KeyUnusable, match="cannot be read"):
        signing.signer(tmp_path / "absent", CLUSTER)
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(tokens.KeyUnusable, match="RSA"):
        tokens.Verifier(curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), CLUSTER)


def test_the_key_id_is_the_thumbprint_of_the_example_in_the_standard() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=="), "big")
    jwk = tokens.jwk_of(rsa.RSAPublicNumbers(65537, number).public_key())
    assert jwk["n"] == modulus
    assert jwk["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_password_matches_its_hash_and_no_other_does() -> None:
    kept = passwords.hashed("correct horse")
    assert passwords.matches("correct horse", kept)
    assert not passwords.matches("correct horse ", kept)
    assert not passwords.matches("", kept)
    assert "correct" not in kept
    assert passwords.hashed("correct horse") != kept
    assert passwords.is_hash(kept)


@pytest.mark.usefixtures(cheap_passwords.__name__)
def test_odd_passwords_are_passwords() -> None:
    for odd in ("äöü€", "a\0b", "\ud800", " ", "x" * passwords.LONGEST):
        assert passwords.matches(odd, passwords.hashed(odd))


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "plain",
        "$scrypt$ln=14,r=8,p=5$$",
        "$scrypt$ln=40,r=8,p=5$AAAA$AAAA",
        "$scrypt$ln=14,r=99,p=5$AAAA$AAAA",
        "$2b$12$abcdefghijklmnopqrstuv",
    ],
)
def test_what_is_no_hash_of_ours_matches_nothing(kept: str) -> None:
    assert not passwords.matches("", kept)
    assert not passwords.is_hash(kept)


def test_credentials_are_read_from_dcos_form(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text('{"credentials": [{"principal": "spark", "secret": "s1"}, {"principal": "ann", "secret": "ß:2"}]}')
    known = credentials.read(path)
    assert known.match("spark", "s1")
    assert known.match("ann", "ß:2")
    assert not known.match("spark", "ß:2")
    assert not known.match("nobody", "")
    assert "spark" in known
    assert "nobody" not in known


@pytest.mark.parametrize(
    "content",
    [
        "topsecret",
        '{"credentials": "topsecret"}',
        '{"credentials": [{"principal": "topsecret"}]}',
        '{"credentials": [{"principal": "a:b", "secret": "topsecret"}]}',
        '{"credentials": [{"principal": "", "secret": "topsecret"}]}',
        '{"credentials": [{"principal": "topsecret", "secret": ""}]}',
        '{"credentials": [{"principal": "a", "secret": 7}]}',
    ],
)
def test_a_credentials_file_that_cannot_be_used_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content)
    with pytest.raises(credentials.CredentialsUnusable) as caught:
        credentials.read(path)
    assert str(path) in str(caught.value)
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None
