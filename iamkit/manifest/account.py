"""An account as entries: read at the desk, page by page, each page authorised and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from iamkit.errors import NoSuchEntity
from iamkit.management import accounts, guardrails, instance_profiles, password_policy, resource_policies
from iamkit.management.desk import Counter
from iamkit.management.paging import Page
from iamkit.management.reports import get_account_authorization_details
from iamkit.manifest.document import Document
from iamkit.manifest.entries import (
    SECTIONS,
    AccountEntry,
    Entry,
    GroupEntry,
    GuardrailEntry,
    InstanceProfileEntry,
    PasswordPolicyEntry,
    PolicyEntry,
    ResourcePolicyEntry,
    RoleEntry,
    UserEntry,
)
from iamkit.manifest.tree import Tree
from iamkit.reports.authorization_details import (
    AuthorizationDetails,
    GroupDetail,
    PolicyDetail,
    RoleDetail,
    UserDetail,
)

T = TypeVar("T")

# Of each listing, so many at once are in memory.
PAGE: Final = 100


class LiveAccount:
    """The account of a desk's principal. Whatever it may not read raises AccessDenied."""

    def __init__(self, desk: Counter, *, partition: str, account: str) -> None:
        self._desk = desk
        self.tree = Tree(desk)
        self.partition = partition
        self.account = account

    def settings(self, sections: tuple[str, ...] = tuple(SECTIONS)) -> AccountEntry:
        """Its alias and password policy."""
        aliases = self._desk.do(accounts.list_account_aliases).items
        return AccountEntry(
            self.partition,
            self.account,
            sections,
            alias=aliases[0] if aliases else None,
            password_policy=self._password_policy(),
        )

    def entries(self, section: str) -> Iterator[Entry]:
        """The entries of a section, by key, a page of them in memory at a time."""
        return _READERS[section](self)

    def _password_policy(self) -> PasswordPolicyEntry | None:
        try:
            kept = self._desk.do(password_policy.get_account_password_policy)
        except NoSuchEntity:
            return None
        return PasswordPolicyEntry(
            minimum_password_length=kept.minimum_password_length,
            require_symbols=kept.require_symbols,
            require_numbers=kept.require_numbers,
            require_uppercase_characters=kept.require_uppercase_characters,
            require_lowercase_characters=kept.require_lowercase_characters,
            allow_users_to_change_password=kept.allow_users_to_change_password,
            max_password_age=kept.max_password_age,
            password_reuse_prevention=kept.password_reuse_prevention,
            hard_expiry=kept.hard_expiry,
        )

    def _details(self, kind: str) -> Iterator[AuthorizationDetails]:
        marker: str | None = None
        while True:
            page = self._desk.do(
                get_account_authorization_details, filter=(kind,), marker=marker, max_items=PAGE
            )
            yield page
            marker = page.marker
            if marker is None:
                return

    def _users(self) -> Iterator[Entry]:
        return (_user(item) for page in self._details("User") for item in page.users)

    def _groups(self) -> Iterator[Entry]:
        return (_group(item) for page in self._details("Group") for item in page.groups)

    def _roles(self) -> Iterator[Entry]:
        return (_role(item) for page in self._details("Role") for item in page.roles)

    def _policies(self) -> Iterator[Entry]:
        return (_policy(item) for page in self._details("LocalManagedPolicy") for item in page.policies)

    def _profiles(self) -> Iterator[Entry]:
        found = _all(
            lambda marker: self._desk.do(
                instance_profiles.list_instance_profiles, marker=marker, max_items=PAGE
            )
        )
        for item in found:
            role = item.roles[0].name if item.roles else None
            yield InstanceProfileEntry(item.name, item.path, role, dict(item.tags))

    def _resource_policies(self) -> Iterator[Entry]:
        found = _all(
            lambda marker: self._desk.do(
                resource_policies.list_resource_policies, marker=marker, max_items=PAGE
            )
        )
        for item in found:
            text = self._desk.do(resource_policies.get_resource_policy, resource_arn=item.resource_arn)
            yield ResourcePolicyEntry(item.resource_arn, Document.of_text(text))

    def _guardrails(self) -> Iterator[Entry]:
        found = _all(lambda marker: self._desk.do(guardrails.list_guardrails, marker=marker, max_items=PAGE))
        for item in found:
            told = self._desk.do(guardrails.get_guardrail, name=item.name)
            targets = tuple(sorted(self.tree.path(target) for target in told.targets))
            yield GuardrailEntry(
                item.name, Document.of_text(told.document), item.kind, item.description, targets
            )


_READERS: Final[Mapping[str, Callable[[LiveAccount], Iterator[Entry]]]] = {
    "policies": LiveAccount._policies,
    "groups": LiveAccount._groups,
    "users": LiveAccount._users,
    "roles": LiveAccount._roles,
    "instance-profiles": LiveAccount._profiles,
    "resource-policies": LiveAccount._resource_policies,
    "guardrails": LiveAccount._guardrails,
}


def _all(fetch: Callable[[str | None], Page[T]]) -> Iterator[T]:
    marker: str | None = None
    while True:
        page = fetch(marker)
        yield from page.items
        marker = page.marker
        if marker is None:
            return


def _user(found: UserDetail) -> UserEntry:
    user = found.user
    return UserEntry(
        user.name,
        user.path,
        user.enabled,
        user.boundary,
        dict(user.tags),
        tuple(sorted(found.groups)),
        found.policies.attached,
        _documents(found.policies.inline),
    )


def _group(found: GroupDetail) -> GroupEntry:
    return GroupEntry(
        found.group.name, found.group.path, found.policies.attached, _documents(found.policies.inline)
    )


def _role(found: RoleDetail) -> RoleEntry:
    role = found.role
    return RoleEntry(
        role.name,
        Document.of_text(found.trust),
        role.path,
        role.description,
        role.max_session_seconds,
        role.boundary,
        dict(role.tags),
        found.policies.attached,
        _documents(found.policies.inline),
    )


def _policy(found: PolicyDetail) -> PolicyEntry:
    (in_force,) = [item for item in found.versions if item.is_default]
    return PolicyEntry(
        found.name,
        Document.of_text(in_force.document),
        found.path,
        found.description,
        dict(found.tags),
        tuple(item.version for item in found.versions if not item.is_default),
    )


def _documents(texts: Mapping[str, str]) -> dict[str, Document]:
    return {name: Document.of_text(text) for name, text in texts.items()}
