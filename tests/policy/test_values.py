"""Context and policy values as typed values, read more strictly than Python does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from iamkit.errors import EvaluationError
from iamkit.policy import values
from iamkit.policy.request import ContextValue


@pytest.mark.parametrize("text", ["0", "-1", "+2.50", ".5", "5.", "1e3", "1E-4", "9" * 5000])
def test_numbers(text: str) -> None:
    """Decimals with both signs, and integers of any length."""
    assert values.parse_number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", " 1", "1\n", "1_0", "١٢", "１", "NaN", "Infinity", "0x1", "1e99999", "--1"]
)
def test_what_is_no_number(text: str) -> None:
    """Nothing that only Python takes for a number."""
    with pytest.raises(ValueError, match="number"):
        values.parse_number(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-01-01", "2024-01-01T00:00Z"),
        ("2024-01-01T12:00:00Z", "2024-01-01T13:00:00+01:00"),
        ("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500"),
        ("1970-01-01T00:00:10Z", "10"),
        ("1969-12-31T23:59:50Z", "-10"),
        ("2024-02", "2024-02-01"),
    ],
)
def test_one_instant_in_two_spellings(one: str, other: str) -> None:
    """Dates compare as instants; no zone is UTC; a bare integer counts seconds."""
    assert values.parse_instant(one) == values.parse_instant(other)


@pytest.mark.parametrize(
    "text",
    [
        "2024",
        "01T",
        "2024-1-1",
        "2024-01-01t00:00Z",
        "2024-01-01T1:00Z",
        "2024-01-01T00:00+23",
        "2024-01-01T24:00Z",
        "2024-01-01T00:00:60Z",
        "２０２４-01-01",
        "2024-W01-1",
        "2024-01-01 00:00",
        "",
        "1" * 16,
        "2024-01-01T00:00+24:00",
        "0000-01-01",
        "2024-01-01\n",
        "2024-02-30",
    ],
)
def test_what_is_no_date(text: str) -> None:
    """A lone year is ambiguous, days and times have to exist, digits are ASCII."""
    with pytest.raises(ValueError, match="`"):
        values.parse_instant(text)


def test_dates_of_python_are_instants() -> None:
    """A datetime without zone is UTC; with one it is where it is."""
    at = datetime(2024, 1, 1, 12, tzinfo=UTC)

    assert values.instant_of(at) == values.instant_of(at.astimezone(timezone(timedelta(hours=5))))
    assert values.instant_of(at.replace(tzinfo=None)) == values.parse_instant("2024-01-01T12:00Z")
    assert values.instant_of(10) == values.instant_of(10.0) == values.instant_of(Decimal(10)) == 10**13
    assert values.number_of(at) == Decimal(int(at.timestamp()))
    assert values.text_of(at) == "2024-01-01T12:00:00Z"


def test_truth_ignores_case() -> None:
    """Only the two words, in any case."""
    assert values.truth_of("TRUE")
    assert not values.truth_of(False)
    for text in ("1", "yes", " true", "ｔｒｕｅ", ""):
        with pytest.raises(ValueError, match="neither"):
            values.parse_truth(text)


def test_bytes_are_strict_base64() -> None:
    """Junk, missing padding and loose end bits are refused."""
    assert values.bytes_of("aGk=") == values.bytes_of(b"hi") == b"hi"
    for text in ("aGk", "a Gk=", "aGk=\n", "aGl=", "-_==", "é"):
        with pytest.raises(ValueError, match="base64"):
            values.parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3/8", values.Network(10 << 24, -1 << 24)),
        ("10.0.0.1", values.Network((10 << 24) + 1, -1)),
        ("::ffff:10.0.0.0/104", values.Network(10 << 24, -1 << 24)),
        ("::a00:1/128", values.Network((1 << 128) + (10 << 24) + 1, -1)),
        ("::ffff:0:0/95", values.Network((1 << 128) + (0xFFFE << 32), -1 << 33)),
    ],
)
def test_networks(text: str, network: values.Network) -> None:
    """Bits below the mask do not count, a bare address is one address, v4 inside v6 is v4, no other v6 is."""
    assert values.parse_network(text) == network
    assert values.parse_network(network.example).first == network.first


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0/255.0.0.0",
        "fe80::1%eth0",
        "10.0.0.0/33",
        "10.0.0",
        "1",
        "",
        "010.0.0.1",
        "１0.0.0.1",
        "10.0.0.1/",
    ],
)
def test_what_is_no_network(text: str) -> None:
    """Masks are a number of bits, zones do not exist."""
    with pytest.raises(ValueError, match="`"):
        values.parse_network(text)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, values.number_of),
        ("x", values.number_of),
        (float("nan"), values.number_of),
        (b"x", values.number_of),
        (True, values.instant_of),
        ("x", values.instant_of),
        (b"x", values.instant_of),
        (1e300, values.instant_of),
        (1, values.truth_of),
        ("x", values.truth_of),
        (5, values.bytes_of),
        ("x", values.bytes_of),
        (5, values.address_of),
        ("10.0.0.0/8", values.address_of),
        ("x", values.address_of),
        (float("inf"), values.text_of),
        (("a",), values.text_of),
    ],
)
def test_values_of_the_wrong_type_cannot_be_judged(value: ContextValue, read: object) -> None:
    """A request value of the wrong type raises, and the error does not show the value."""
    assert callable(read)
    with pytest.raises(EvaluationError) as caught:
        read(value)
    assert "cannot be read as" in caught.value.message


def test_a_number_beyond_what_python_writes_cannot_be_judged() -> None:
    """Thousands of digits compare as a number and have no text."""
    assert values.number_of(10**5000) > Decimal("1e4999")
    with pytest.raises(EvaluationError):
        values.text_of(10**5000)


def test_single_values_as_text() -> None:
    """Booleans and numbers are what JSON writes."""
    assert [values.text_of(value) for value in (True, 5, 2.5, Decimal("1.50"), b"hi")] == [
        "true",
        "5",
        "2.5",
        "1.50",
        "aGk=",
    ]
