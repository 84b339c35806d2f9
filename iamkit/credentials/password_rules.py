"""What a new password has to satisfy: the profiles, the account's own policy over them, and the check.

The standards conflict, so there are profiles (decision 18): `modern` after NIST SP 800-63B-4 wants length and
no composition, `pci` after PCI DSS 4.0.1 wants letters, digits and a change every 90 days, `aws` what AWS
wants. An account's policy has AWS's ten fields; what is left out of an update is what the profile has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from iamkit import epochs
from iamkit.credentials.hashing import prepared
from iamkit.errors import ConfigurationError, NoSuchEntity, PasswordPolicyViolation, ValidationError
from iamkit.storage import Reader, Unit, record

# AWS's symbols.
SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
_DIGITS: Final = frozenset("0123456789")
_UPPER: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
# A word of one's own that is shorter than this is in too many passwords to be a sign of anything.
_SHORTEST_WORD: Final = 4
WARNING: Final = timedelta(days=15)
# What is left of a password, once the words of one's own are out of it, has to be this long.
_LEFT: Final = 8

LENGTHS: Final = (6, 128)
AGES: Final = (1, 1095)
REUSES: Final = (1, 24)


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What holds in an account. Lengths are in code points after NFC, ages in days."""

    name: str
    minimum_length: int
    require_symbols: bool = False
    require_numbers: bool = False
    require_uppercase: bool = False
    require_lowercase: bool = False
    require_letters: bool = False
    # How many of upper case, lower case, digits and symbols there have to be.
    classes: int = 0
    allow_users_to_change: bool = False
    max_age: int | None = None
    reuse_prevention: int | None = None
    hard_expiry: bool = False
    refuse_common: bool = True

    def expires_at(self, changed_at: datetime) -> datetime | None:
        """When a password that was chosen then has to be changed."""
        return None if self.max_age is None else changed_at + timedelta(days=self.max_age)

    def described(self) -> str:
        """The rules in a sentence, for whoever has to choose."""
        wanted = [
            word
            for needed, word in (
                (self.require_uppercase, "an upper-case letter"),
                (self.require_lowercase, "a lower-case letter"),
                (self.require_letters, "a letter"),
                (self.require_numbers, "a digit"),
                (self.require_symbols, "a symbol"),
            )
            if needed
        ]
        if self.classes:
            wanted.append(f"{self.classes} of upper case, lower case, digits and symbols")
        return f"at least {self.minimum_length} characters" + (f", {', '.join(wanted)}" if wanted else "")


MODERN: Final = PasswordRules("modern", minimum_length=15)
# PCI DSS 4.0.1, 8.3.6, 8.3.7 and 8.3.9.
PCI: Final = PasswordRules(
    "pci", minimum_length=12, require_letters=True, require_numbers=True, max_age=90, reuse_prevention=4
)
# Without a policy of its own, an AWS account wants 8 characters of 3 kinds; with one, what it says.
AWS: Final = PasswordRules("aws", minimum_length=8, classes=3, refuse_common=False)
PROFILES: Final = {profile.name: profile for profile in (MODERN, PCI, AWS)}
# What AWS's own policy has for a field that is left out.
_AWS_RESET: Final = replace(AWS, minimum_length=6, classes=0)
# NIST SP 800-63B-4 §3.1.1.2: where a second factor is always asked for.
_WITH_MFA: Final = 8


@record("password_policy", key=("account",))
@dataclass(frozen=True, slots=True)
class AccountPasswordPolicy:
    """An account's own policy, with AWS's fields. None is off."""

    account: str
    minimum_password_length: int
    require_symbols: bool
    require_numbers: bool
    require_uppercase_characters: bool
    require_lowercase_characters: bool
    allow_users_to_change_password: bool
    max_password_age: int | None
    password_reuse_prevention: int | None
    hard_expiry: bool

    @property
    def expire_passwords(self) -> bool:
        """AWS's read-only field."""
        return self.max_password_age is not None


class PasswordList(Protocol):
    """Passwords that are known to attackers."""

    def holds(self, password: str) -> bool:
        """Whether this is one of them."""


def profile_named(name: str) -> PasswordRules:
    """The profile of that name. Raises ConfigurationError."""
    found = PROFILES.get(name)
    if found is None:
        raise ConfigurationError(f"`password_profile` must be one of {', '.join(PROFILES)}")
    return found


def policy_of(reader: Reader, account: str) -> AccountPasswordPolicy:
    """The account's own policy. Raises NoSuchEntity while it has none."""
    found = reader.get(AccountPasswordPolicy, (account,))
    if found is None:
        raise NoSuchEntity(f"account {account} has no password policy of its own; the profile's rules hold")
    return found


def put_policy(
    unit: Unit,
    account: str,
    profile: PasswordRules,
    *,
    minimum_password_length: int | None = None,
    require_symbols: bool | None = None,
    require_numbers: bool | None = None,
    require_uppercase_characters: bool | None = None,
    require_lowercase_characters: bool | None = None,
    allow_users_to_change_password: bool | None = None,
    max_password_age: int | None = None,
    password_reuse_prevention: int | None = None,
    hard_expiry: bool | None = None,
) -> AccountPasswordPolicy:
    """Set the account's policy. What is None is reset to what the profile has (CAP-C3).

    Raises ValidationError for a number outside AWS's range.
    """
    base = _AWS_RESET if profile.name == AWS.name else profile
    made = AccountPasswordPolicy(
        account=account,
        minimum_password_length=_within("minimum password length", minimum_password_length, LENGTHS)
        or base.minimum_length,
        require_symbols=_or(require_symbols, base.require_symbols),
        require_numbers=_or(require_numbers, base.require_numbers),
        require_uppercase_characters=_or(require_uppercase_characters, base.require_uppercase),
        require_lowercase_characters=_or(require_lowercase_characters, base.require_lowercase),
        allow_users_to_change_password=_or(allow_users_to_change_password, base.allow_users_to_change),
        max_password_age=_within("maximum password age", max_password_age, AGES) or base.max_age,
        password_reuse_prevention=_within("password reuse prevention", password_reuse_prevention, REUSES)
        or base.reuse_prevention,
        hard_expiry=_or(hard_expiry, base.hard_expiry),
    )
    unit.remove(AccountPasswordPolicy, (account,))
    unit.add(made)
    # Whether users may change their passwords is one of their policies.
    unit.bump(epochs.policies_of(account))
    return made


def remove_policy(unit: Unit, account: str) -> None:
    """Go back to the profile's rules. Raises NoSuchEntity."""
    policy_of(unit, account)
    unit.remove(AccountPasswordPolicy, (account,))
    unit.bump(epochs.policies_of(account))


def users_may_change(reader: Reader, account: str) -> bool:
    """Whether the account's policy lets all its users change their own passwords."""
    own = reader.get(AccountPasswordPolicy, (account,))
    return own is not None and own.allow_users_to_change_password


def rules_of(reader: Reader, account: str, profile: PasswordRules, *, mfa_required: bool) -> PasswordRules:
    """The rules that hold in an account: its own, or the profile's."""
    own = reader.get(AccountPasswordPolicy, (account,))
    if own is None:
        short = mfa_required and profile.name == MODERN.name
        return replace(profile, minimum_length=_WITH_MFA) if short else profile
    return replace(
        profile,
        minimum_length=own.minimum_password_length,
        require_symbols=own.require_symbols,
        require_numbers=own.require_numbers,
        require_uppercase=own.require_uppercase_characters,
        require_lowercase=own.require_lowercase_characters,
        require_letters=profile.require_letters,
        classes=0,
        allow_users_to_change=own.allow_users_to_change_password,
        max_age=own.max_password_age,
        reuse_prevention=own.password_reuse_prevention,
        hard_expiry=own.hard_expiry,
    )


def check_password(
    password: str,
    *,
    rules: PasswordRules,
    own_words: Iterable[str] = (),
    lists: Sequence[PasswordList] = (),
) -> None:
    """Whether `password` may be chosen. `own_words` are names it must not be made of: user, account, e-mail.

    Raises PasswordPolicyViolation saying what to do; the message never holds the password.
    """
    try:
        text = prepared(password).decode()
    except ValidationError as fault:
        raise PasswordPolicyViolation(fault.message) from None
    if len(text) < rules.minimum_length:
        raise PasswordPolicyViolation(
            f"the password has {len(text)} characters and needs at least {rules.minimum_length};"
            " a few unrelated words are easy to remember"
        )
    missing = _missing(text, rules)
    if missing:
        raise PasswordPolicyViolation(f"the password needs {missing}")
    if _made_of(text, own_words):
        raise PasswordPolicyViolation(
            "the password must not be made of the user name, the account name or the e-mail address"
        )
    if rules.refuse_common and any(known.holds(text) for known in lists):
        raise PasswordPolicyViolation(
            "this password is on lists that attackers try first; choose one that nobody else would"
        )


def folded(text: str) -> str:
    """A text without what makes no difference to a guesser."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _missing(text: str, rules: PasswordRules) -> str | None:
    signs = frozenset(text)
    kinds = {
        "an upper-case letter (A to Z)": (rules.require_uppercase, bool(signs & _UPPER)),
        "a lower-case letter (a to z)": (rules.require_lowercase, bool(signs & _LOWER)),
        "a letter": (rules.require_letters, any(sign.isalpha() for sign in signs)),
        "a digit": (rules.require_numbers, bool(signs & _DIGITS)),
        "one of the symbols ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '": (
            rules.require_symbols,
            bool(signs & SYMBOLS),
        ),
    }
    for words, (needed, there) in kinds.items():
        if needed and not there:
            return words
    others = (bool(signs & _UPPER), bool(signs & _LOWER), bool(signs & _DIGITS), bool(signs & SYMBOLS))
    if sum(others) < rules.classes:
        return f"at least {rules.classes} of: upper case, lower case, digits, symbols"
    return None


def _made_of(text: str, own_words: Iterable[str]) -> bool:
    """Whether it is one of the words, or little is left of it without them (ASVS 5.0, 6.2.11)."""
    plain = left = folded(text)
    for word in sorted((folded(word) for word in own_words), key=len, reverse=True):
        if word and plain == word:
            return True
        if len(word) >= _SHORTEST_WORD:
            left = left.replace(word, "")
    return left != plain and len(left) < _LEFT


def _or(given: bool | None, otherwise: bool) -> bool:
    return otherwise if given is None else given


def _within(name: str, given: int | None, bounds: tuple[int, int]) -> int | None:
    if given is None:
        return None
    if not bounds[0] <= given <= bounds[1]:
        raise ValidationError(f"the {name} must be {bounds[0]} to {bounds[1]}; leave it out for the default")
    return given
