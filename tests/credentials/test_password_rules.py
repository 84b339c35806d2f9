from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from iamkit import epochs
from iamkit.credentials import password_rules
from iamkit.credentials.password_rules import (
    AWS,
    MODERN,
    PCI,
    AccountPasswordPolicy,
    PasswordRules,
    check_password,
    profile_named,
)
from iamkit.errors import ConfigurationError, NoSuchEntity, PasswordPolicyViolation, ValidationError
from iamkit.memory import MemoryStore

ACCOUNT = "111122223333"


def refused(password: str, rules: PasswordRules, *words: str) -> bool:
    try:
        check_password(password, rules=rules, own_words=words)
    except PasswordPolicyViolation:
        return True
    return False


def put(store: MemoryStore, profile: PasswordRules = AWS, /, **fields: object) -> AccountPasswordPolicy:
    with store.write() as unit:
        return password_rules.put_policy(unit, ACCOUNT, profile, **fields)  # type: ignore[arg-type]  # by name


def rules(store: MemoryStore, profile: PasswordRules = AWS, *, mfa_required: bool = False) -> PasswordRules:
    with store.read() as reader:
        return password_rules.rules_of(reader, ACCOUNT, profile, mfa_required=mfa_required)


@pytest.mark.parametrize(
    ("fields", "good", "bad"),
    [
        ({"minimum_password_length": 12}, "a" * 12, "a" * 11),
        ({"require_symbols": True}, "abcdef|", "abcdef~"),
        ({"require_numbers": True}, "abcdef0", "abcdef٣"),
        ({"require_uppercase_characters": True}, "abcdeZ", "abcdeÄ"),
        ({"require_lowercase_characters": True}, "ABCDEz", "ABCDEß"),
    ],
)
def test_each_requirement_at_its_edge(fields: dict[str, object], good: str, bad: str) -> None:
    """AWS's own alphabets: A to Z, a to z, 0 to 9 and its symbols (CAP-C3)."""
    store = MemoryStore()
    put(store, **fields)
    assert not refused(good, rules(store))
    assert refused(bad, rules(store))


@pytest.mark.parametrize("symbol", list("!@#$%^&*()_+-=[]{}|'"))
def test_every_symbol_of_aws_is_one(symbol: str) -> None:
    """Twenty of them."""
    assert not refused(f"abcdef{symbol}", PasswordRules("x", 6, require_symbols=True))


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("minimum_password_length", 6, 128),
        ("max_password_age", 1, 1095),
        ("password_reuse_prevention", 1, 24),
    ],
)
def test_numbers_have_awss_ranges(field: str, least: int, most: int) -> None:
    """Both edges are taken, and nothing beyond; a refused update changes nothing."""
    store = MemoryStore()
    for value in (least, most):
        assert getattr(put(store, **{field: value}), field) == value
    for value in (least - 1, most + 1, -1, 0):
        with pytest.raises(ValidationError):
            put(store, **{field: value})
    with store.read() as reader:
        assert getattr(password_rules.policy_of(reader, ACCOUNT), field) == most


def test_what_is_left_out_of_an_update_goes_back_to_its_default() -> None:
    """As AWS does it: an update is the whole policy (CAP-C3)."""
    store = MemoryStore()
    put(store, require_symbols=True, max_password_age=90, hard_expiry=True, minimum_password_length=20)
    kept = put(store, require_numbers=True)
    assert kept == AccountPasswordPolicy(ACCOUNT, 6, False, True, False, False, False, None, None, False)
    assert not kept.expire_passwords


@pytest.mark.parametrize(("profile", "length", "age"), [(MODERN, 15, None), (PCI, 12, 90), (AWS, 6, None)])
def test_the_default_is_the_profiles(profile: PasswordRules, length: int, age: int | None) -> None:
    """Decision 18."""
    kept = put(MemoryStore(), profile)
    assert (kept.minimum_password_length, kept.max_password_age) == (length, age)


def test_without_a_policy_the_profile_holds() -> None:
    """And it is no policy that could be read."""
    store = MemoryStore()
    for profile in (MODERN, PCI, AWS):
        assert rules(store, profile) == profile
    with store.read() as reader, pytest.raises(NoSuchEntity):
        password_rules.policy_of(reader, ACCOUNT)


def test_a_policy_that_is_removed_is_gone() -> None:
    """Once; and whoever might change a password by it is asked about anew."""
    store = MemoryStore()
    put(store, allow_users_to_change_password=True)
    before = store.epochs([epochs.policies_of(ACCOUNT)])
    with store.write() as unit:
        password_rules.remove_policy(unit, ACCOUNT)
    assert store.epochs([epochs.policies_of(ACCOUNT)]) != before
    with store.write() as unit, pytest.raises(NoSuchEntity):
        password_rules.remove_policy(unit, ACCOUNT)


def test_modern_is_shorter_where_a_second_factor_is_asked_for() -> None:
    """Eight; the other profiles know no such thing."""
    store = MemoryStore()
    assert rules(store, MODERN, mfa_required=True).minimum_length == 8
    assert rules(store, PCI, mfa_required=True).minimum_length == 12


@pytest.mark.parametrize(
    ("password", "ok"),
    [("Abcdefg1", True), ("abcdefg1!", True), ("abcdefgh1", False), ("ABCDEFGH", False), ("Abcdef1", False)],
)
def test_aws_wants_three_kinds_of_four(password: str, ok: bool) -> None:
    """Where the account has no policy of its own."""
    assert refused(password, AWS) is not ok


@pytest.mark.parametrize(
    ("password", "ok"), [("abcdefghijk1", True), ("abcdefghijkl", False), ("1" * 12, False)]
)
def test_pci_wants_letters_and_digits(password: str, ok: bool) -> None:
    """PCI DSS 8.3.6."""
    assert refused(password, PCI) is not ok


@pytest.mark.parametrize(
    ("password", "ok"),
    [
        ("margarethe", False),
        ("MARGARETHE", False),
        ("margarethe2026", False),
        ("margarethe-acme", False),
        ("acmeacmeacme123", False),
        ("margarethe walks the hills", True),
        ("hills of the north", True),
    ],
)
def test_words_of_ones_own_do_not_make_a_password(password: str, ok: bool) -> None:
    """Neither alone nor with little else (ASVS 5.0, 6.2.11)."""
    short = PasswordRules("x", 6)
    assert refused(password, short, "margarethe", "acme", "", "of") is not ok


def test_a_password_ages_in_days() -> None:
    """From the day it was chosen."""
    chosen = datetime(2026, 1, 1, tzinfo=UTC)
    assert PCI.expires_at(chosen) == chosen + timedelta(days=90)
    assert MODERN.expires_at(chosen) is None


def test_the_rules_can_be_told() -> None:
    """For whoever has to choose."""
    assert MODERN.described() == "at least 15 characters"
    assert PCI.described() == "at least 12 characters, a letter, a digit"


def test_an_unknown_profile_is_a_configuration_error() -> None:
    """That names those that there are."""
    with pytest.raises(ConfigurationError, match="modern, pci, aws"):
        profile_named("modem")
