"""Choosing a password: the rules of the account, the words of one's own, the lists, the ones used before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from iamkit.credentials import password_rules, passwords
from iamkit.credentials.hashing import HashedPassword, Hasher
from iamkit.credentials.password_rules import PasswordList, PasswordRules
from iamkit.errors import PasswordPolicyViolation
from iamkit.identity import accounts, mfa_requirement
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.storage import Reader


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the next password of somebody has to satisfy. `previous` are those that must not come again."""

    rules: PasswordRules
    own_words: tuple[str, ...]
    previous: tuple[HashedPassword, ...] = field(default=(), repr=False)


class NewPasswords:
    """Says what is wanted, checks and hashes. Hashing takes its time: not while a writing unit is open."""

    def __init__(
        self,
        *,
        profile: PasswordRules,
        hasher: Hasher,
        house: Callable[[], House],
        lists: Sequence[PasswordList] = (),
    ) -> None:
        self.profile = profile
        self._hasher = hasher
        self._house = house
        self._lists = lists

    def rules(self, reader: Reader, account: str) -> PasswordRules:
        """The rules of an account."""
        required = mfa_requirement.required(reader, self._house(), account)
        return password_rules.rules_of(reader, account, self.profile, mfa_required=required)

    def wanted(self, reader: Reader, account: str, user_name: str, user: User | None) -> Wanted:
        """What a password of this user, who may not be there yet, has to satisfy."""
        rules = self.rules(reader, account)
        words = [user_name]
        if user is not None and user.email:
            words += [user.email, user.email.partition("@")[0]]
        kept = accounts.find(reader, account)
        if kept is not None:
            words += [kept.name, kept.alias or ""]
        previous = (
            () if user is None else passwords.previous(reader, user.user_id, rules.reuse_prevention or 0)
        )
        return Wanted(rules, tuple(words), previous)

    def check(self, wanted: Wanted, password: str) -> None:
        """All that can be told without hashing. Raises PasswordPolicyViolation."""
        password_rules.check_password(
            password, rules=wanted.rules, own_words=wanted.own_words, lists=self._lists
        )

    def hashed(self, wanted: Wanted, password: str) -> HashedPassword:
        """The hash of a password that satisfies everything.

        Raises PasswordPolicyViolation, Throttling when too many are being hashed.
        """
        self.check(wanted, password)
        if any(self._hasher.verify(old, password).ok for old in wanted.previous):
            raise PasswordPolicyViolation(
                f"this is one of the last {wanted.rules.reuse_prevention} passwords; choose another"
            )
        return self._hasher.hash(password)
