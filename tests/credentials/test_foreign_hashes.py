"""Hashes of other software verify as that software made them, and what would cost too much is not run."""

from __future__ import annotations

import base64
import hashlib
import hmac

import argon2
import bcrypt
import pytest
from django.contrib.auth import hashers
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.security import generate_password_hash

from iamkit.credentials import foreign_hashes
from iamkit.credentials.foreign_hashes import form_of, verify
from iamkit.errors import ValidationError

PASSWORD = "naïve otters 7"
RAW = PASSWORD.encode()


def ab64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=").replace("+", ".")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


CHEAP = bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()
SALT22 = CHEAP[7:29]
MIXED = bcrypt.hashpw(
    base64.b64encode(hmac.digest(SALT22.encode(), RAW, "sha256")), f"$2b$04${SALT22}".encode()
).decode()
SCRYPT = hashlib.scrypt(RAW, salt=b"saltsalt", n=1024, r=8, p=1, dklen=64)
GOOD = {
    "argon2": argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(RAW),
    "argon2i of Django": "argon2"
    + argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=argon2.Type.I).hash(RAW),
    "bcrypt 2b": CHEAP,
    "bcrypt 2y": "$2y" + CHEAP[3:],
    "bcrypt 2a": "$2a" + CHEAP[3:],
    "bcrypt of Django": "bcrypt$" + CHEAP,
    "bcrypt_sha256 of Django": "bcrypt_sha256$"
    + bcrypt.hashpw(hashlib.sha256(RAW).hexdigest().encode(), bcrypt.gensalt(4)).decode(),
    "bcrypt-sha256 of passlib": f"$bcrypt-sha256$v=2,t=2b,r=4${SALT22}${MIXED[29:]}",
    "pbkdf2_sha256 of Django": "pbkdf2_sha256$1000$salt$"
    + b64(hashlib.pbkdf2_hmac("sha256", RAW, b"salt", 1000)),
    "pbkdf2_sha1 of Django": f"pbkdf2_sha1$1000$salt${b64(hashlib.pbkdf2_hmac('sha1', RAW, b'salt', 1000))}",
    "scrypt of Django": f"scrypt$1024$saltsalt$8$1${b64(SCRYPT)}",
    "pbkdf2 of Werkzeug": generate_password_hash(PASSWORD, "pbkdf2:sha256:1000"),
    "pbkdf2 of Werkzeug with sha512": generate_password_hash(PASSWORD, "pbkdf2:sha512:1000"),
    "scrypt of Werkzeug": generate_password_hash(PASSWORD, "scrypt:1024:8:1"),
    "pbkdf2-sha256 of passlib": "$pbkdf2-sha256$1000$"
    f"{ab64(b'pepper')}${ab64(hashlib.pbkdf2_hmac('sha256', RAW, b'pepper', 1000))}",
    "pbkdf2-sha512 of passlib": "$pbkdf2-sha512$1000$"
    f"{ab64(b'pepper')}${ab64(hashlib.pbkdf2_hmac('sha512', RAW, b'pepper', 1000))}",
    "pbkdf2 of passlib": "$pbkdf2$1000$"
    f"{ab64(b'pepper')}${ab64(hashlib.pbkdf2_hmac('sha1', RAW, b'pepper', 1000))}",
    "scrypt of passlib": "$scrypt$ln=10,r=8,p=1$"
    f"{b64(b'saltsalt').rstrip('=')}${b64(SCRYPT[:32]).rstrip('=')}",
}
# passlib's scrypt has 32 bytes; scrypt's longer output begins otherwise, so it is made anew.
GOOD["scrypt of passlib"] = (
    "$scrypt$ln=10,r=8,p=1$"
    + b64(b"saltsalt").rstrip("=")
    + "$"
    + b64(hashlib.scrypt(RAW, salt=b"saltsalt", n=1024, r=8, p=1, dklen=32)).rstrip("=")
)


@pytest.mark.parametrize("name", GOOD)
def test_the_right_password_verifies_and_others_do_not(name: str) -> None:
    """In each form; one letter off fails, as does a hash that is one letter off."""
    text = GOOD[name]

    assert form_of(text).name
    assert verify(text, RAW)
    for wrong in (b"", RAW + b" ", RAW.upper(), RAW[:-1], RAW + b"\0"):
        assert not verify(text, wrong)
    last = "A" if text[-5] != "A" else "B"
    assert not verify(text[:-5] + last + text[-4:], RAW)
    assert not verify(text + "\n", RAW)
    assert text not in repr(form_of(text))


def test_django_itself_makes_what_is_read() -> None:
    """Its own hashers, with fewer rounds."""
    pbkdf2, scrypt = hashers.PBKDF2PasswordHasher(), hashers.ScryptPasswordHasher()

    assert verify(pbkdf2.encode(PASSWORD, "saltsaltsaltsalt", 1000), RAW)
    assert verify(scrypt.encode(PASSWORD, "saltsaltsaltsalt", 1024, 8, 1), RAW)
    crypted = hashers.BCryptSHA256PasswordHasher().encode(
        PASSWORD,
        bcrypt.gensalt(4),  # type: ignore[arg-type]  # what Django's own `salt()` gives
    )
    assert verify(crypted, RAW)


def test_a_long_password_is_what_bcrypt_read_of_it() -> None:
    """Seventy-two bytes; and one with a NUL, at which C stopped, is refused."""
    text = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert verify(text, b"x" * 100)
    assert not verify(text, b"x" * 71)
    assert not verify(bcrypt.hashpw(b"ab", bcrypt.gensalt(4)).decode(), b"ab\0c")


REFUSED = {
    "$apr1$salt$qZ8QrPR2nZ6M4lLVk0W7o/": "apr1",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=": "unsalted SHA-1",
    "{SSHA}0123456789abcdef": "SHA-1",
    "$1$salt$qJH7.N4xYta3aEG/dfqo/0": "MD5 crypt",
    "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99": "plain digest",
    "$6$rounds=656000$salt$" + "a" * 86: "sha512-crypt",
    "rl.3StKT.4T8M": "DES crypt",
    "hunter2": "no form",
    "": "no form",
    "!": "no form",
    "x" * 600: "too long",
    "pbkdf2_sha256$1000$sält$abc": "plain text",
    # More than is run, in every form.
    "pbkdf2_sha256$99999999$salt$" + b64(b"x" * 32): "more than is run",
    "pbkdf2_sha256$999999999999$salt$" + b64(b"x" * 32): "damaged",
    "pbkdf2:sha256:9999999$salt$" + "ab" * 32: "more than is run",
    "$pbkdf2-sha512$9999999$c2FsdA$" + "a" * 86: "more than is run",
    "$2b$31$" + "a" * 53: "more than is run",
    "$2y$16$" + "a" * 53: "more than is run",
    "$bcrypt-sha256$v=2,t=2b,r=30$" + "a" * 22 + "$" + "a" * 31: "more than is run",
    "scrypt:1048576:64:16$salt$" + "ab" * 64: "more than is run",
    "scrypt:32768:8:16$salt$" + "ab" * 64: "more than is run",
    "$scrypt$ln=40,r=8,p=1$c2FsdA$" + "a" * 43: "more than is run",
    "scrypt$1048576$salt$64$1$" + b64(b"x" * 64): "more than is run",
    "$argon2id$v=19$m=4194304,t=3,p=4$c2FsdHNhbHQ$" + "a" * 43: "more than is run",
    "$argon2id$v=19$m=262144,t=16,p=1$c2FsdHNhbHQ$" + "a" * 43: "more than is run",
    "$argon2id$v=19$m=65536,t=99,p=1$c2FsdHNhbHQ$" + "a" * 43: "more than is run",
    # Too little, or damaged.
    "pbkdf2_sha256$1$salt$" + b64(b"x" * 32): "too little",
    "pbkdf2_sha256$1000$salt$" + b64(b"x" * 16): "damaged",
    "pbkdf2:md5:1000$salt$" + "ab" * 16: "damaged",
    "scrypt:1000:8:1$salt$" + "ab" * 64: "power of two",
    "$2b$03$" + "a" * 53: "too little",
    "$2x$12$" + "a" * 53: "faulty",
    "$argon2d$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + "a" * 43: "argon2d",
    "$argon2id$v=16$m=65536,t=3,p=4$c2FsdHNhbHQ$" + "a" * 43: "version",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_weak_damaged_or_too_dear_is_refused_with_the_reason(text: str) -> None:
    """Before any work is done for it, and without quoting it."""
    with pytest.raises(ValidationError) as refusal:
        form_of(text)

    assert REFUSED[text] in refusal.value.message
    assert len(text) < 8 or text not in refusal.value.message
    assert not verify(text, RAW)


@settings(max_examples=200, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=80),
        st.from_regex(
            r"(\$argon2id\$v=19\$m=|pbkdf2_sha256\$|scrypt:|\$2b\$|\$scrypt\$ln=|pbkdf2:sha1:)[0-9]{0,12}"
            r"[$,:=a-z0-9A-Z]{0,40}",
            fullmatch=True,
        ),
    )
)
def test_any_text_is_taken_or_refused(text: str) -> None:
    """Nothing else comes of it, and nothing is verified by it."""
    try:
        form_of(text)
    except ValidationError:
        assert not verify(text, RAW)


def test_the_ceilings_hold_what_software_makes_today() -> None:
    """The defaults of Django, Werkzeug, passlib and argon2 libraries are all within bounds."""
    for text in (
        "pbkdf2_sha256$1500000$saltsaltsaltsaltsaltsa$" + b64(b"x" * 32),
        "scrypt$16384$saltsaltsalt$8$5$" + b64(b"x" * 64),
        "scrypt:32768:8:1$saltsaltsaltsalt$" + "ab" * 64,
        "pbkdf2:sha256:1000000$saltsaltsaltsalt$" + "ab" * 32,
        "$scrypt$ln=16,r=8,p=1$" + "a" * 22 + "$" + "a" * 43,
        "$argon2id$v=19$m=102400,t=2,p=8$" + "a" * 22 + "$" + "a" * 22,
        "$argon2id$v=19$m=65536,t=3,p=4$" + "a" * 22 + "$" + "a" * 43,
        "$2b$14$" + "a" * 53,
    ):
        assert form_of(text) in foreign_hashes.FORMS


@pytest.mark.parametrize("name", GOOD)
def test_a_cost_names_no_salt_and_no_digest(name: str) -> None:
    """What is dear is remembered by its parameters, and nothing else of a hash is (THR-P2)."""
    cost = foreign_hashes.cost_of(GOOD[name])

    assert cost != "none"
    assert not any(part in cost for part in GOOD[name].split("$") if len(part) > 20)


def test_other_parameters_are_another_cost() -> None:
    """And the same parameters with another salt the same one."""
    dear = "pbkdf2_sha256$870000$salt$" + b64(bytes(32))
    assert foreign_hashes.cost_of(dear) != foreign_hashes.cost_of(dear.replace("870000", "1000"))
    assert foreign_hashes.cost_of(dear) == foreign_hashes.cost_of(dear.replace("$salt$", "$pepper$"))
    assert foreign_hashes.cost_of(CHEAP) != foreign_hashes.cost_of(CHEAP.replace("$04$", "$12$"))
    assert foreign_hashes.cost_of("plain text") == "none"
