from __future__ import annotations

from datetime import UTC, datetime

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.credentials import otp
from iamkit.credentials.otp import OtpParameters
from iamkit.errors import ValidationError

# RFC 4226, appendix D.
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
SEED = b"12345678901234567890"

# RFC 6238, appendix B: the seed is repeated to the length of the digest.
TOTP = [
    (59, "SHA1", "94287082"),
    (59, "SHA256", "46119246"),
    (59, "SHA512", "90693936"),
    (1111111109, "SHA1", "07081804"),
    (1111111109, "SHA256", "68084774"),
    (1111111109, "SHA512", "25091201"),
    (1111111111, "SHA1", "14050471"),
    (1111111111, "SHA256", "67062674"),
    (1111111111, "SHA512", "99943326"),
    (1234567890, "SHA1", "89005924"),
    (1234567890, "SHA256", "91819424"),
    (1234567890, "SHA512", "93441116"),
    (2000000000, "SHA1", "69279037"),
    (2000000000, "SHA256", "90698825"),
    (2000000000, "SHA512", "38618901"),
    (20000000000, "SHA1", "65353130"),
    (20000000000, "SHA256", "77737706"),
    (20000000000, "SHA512", "47863826"),
]
SEEDS = {"SHA1": SEED, "SHA256": (SEED * 2)[:32], "SHA512": (SEED * 4)[:64]}


@pytest.mark.parametrize("counter", range(10))
def test_the_vectors_of_rfc_4226(counter: int) -> None:
    """HOTP as its RFC has it."""
    assert otp.code_at(SEED, counter) == HOTP[counter]


@pytest.mark.parametrize(("second", "algorithm", "code"), TOTP)
def test_the_vectors_of_rfc_6238(second: int, algorithm: str, code: str) -> None:
    """TOTP as its RFC has it, with each digest."""
    parameters = OtpParameters(algorithm, digits=8)
    step = otp.step_at(datetime.fromtimestamp(second, UTC), parameters)
    assert otp.code_at(SEEDS[algorithm], step, parameters) == code


@given(seed=st.binary(min_size=14, max_size=64), counter=st.integers(0, 2**40))
def test_an_independent_implementation_agrees(seed: bytes, counter: int) -> None:
    """pyotp, for the seeds that it takes."""
    assert otp.code_at(seed, counter) == pyotp.HOTP(otp.base32(seed)).at(counter)


@given(counter=st.integers(0, 2**40), near=st.lists(st.integers(0, 2**40), max_size=5))
def test_a_code_matches_where_it_belongs(counter: int, near: list[int]) -> None:
    """The counter that it was accepted for is told."""
    code = otp.code_at(SEED, counter)
    found = otp.matching(SEED, code, [*near, counter])
    assert found is not None
    assert otp.code_at(SEED, found) == code


@pytest.mark.parametrize(
    "spelling",
    [
        "٧٥٥٢٢٤",  # Arabic-Indic digits
        "７５５２２４",  # full-width digits
        "755 224",
        " 755224",
        "755224 ",
        "755224\n",
        "+755224",
        "0755224",
        "7552240",
        "75522",
        "755_224",
        "755224\x00",
        "7.55224e5",
        "",
    ],
)
def test_a_code_has_one_spelling(spelling: str) -> None:
    """Anything but its ASCII digits is another code (THR-M2)."""
    assert otp.matching(SEED, spelling, range(10)) is None


def test_two_codes_have_to_be_consecutive() -> None:
    """The same one twice, or in the other order, proves nothing."""
    assert otp.matching_pair(SEED, HOTP[3], HOTP[4], range(10)) == 4
    assert otp.matching_pair(SEED, HOTP[3], HOTP[3], range(10)) is None
    assert otp.matching_pair(SEED, HOTP[4], HOTP[3], range(10)) is None
    assert otp.matching_pair(SEED, HOTP[3], HOTP[5], range(10)) is None


def test_seeds_of_other_apps_are_read() -> None:
    """80 bits, grouped and in small letters, as authenticator apps show them."""
    assert otp.seed_of("JBSWY3DPEHPK3PXP") == b"Hello!\xde\xad\xbe\xef"
    assert otp.seed_of("jbsw y3dp-ehpk 3pxp") == b"Hello!\xde\xad\xbe\xef"


@pytest.mark.parametrize("text", ["", "JBSWY3DP", "1" * 32, "é" * 16, "A" * 17, "A" * 1000])
def test_what_is_no_seed_is_refused_and_not_repeated(text: str) -> None:
    """The error says what is wrong, never the seed."""
    with pytest.raises(ValidationError) as caught:
        otp.seed_of(text)
    assert not text or text not in str(caught.value)


def test_the_uri_is_what_apps_scan() -> None:
    """Issuer, name and seed; read back by another implementation."""
    uri = otp.provisioning_uri(SEED, device="ana@work", issuer="111122223333").reveal()
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer, read.name, read.secret) == ("111122223333", "ana@work", otp.base32(SEED))


@pytest.mark.parametrize(
    "bad", [{"algorithm": "MD5"}, {"digits": 5}, {"digits": 9}, {"period": 0}, {"period": 3600}]
)
def test_parameters_outside_the_standards_are_refused(bad: dict[str, object]) -> None:
    """A device of no known kind is not taken."""
    with pytest.raises(ValidationError):
        OtpParameters(**bad)  # type: ignore[arg-type]  # hostile on purpose
