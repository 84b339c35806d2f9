"""Dumps of AWS accounts, as `aws iam get-account-authorization-details` prints them, made into entries.

Members that are not known are passed over, since AWS adds to them; what is needed and missing is refused.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

from iamkit.arn import Arn, iam_arn
from iamkit.errors import IamkitError, InputError
from iamkit.manifest import codec
from iamkit.manifest.document import Document, Plain
from iamkit.manifest.entries import (
    AccountEntry,
    Entry,
    GroupEntry,
    InstanceProfileEntry,
    PolicyEntry,
    RoleEntry,
    UserEntry,
    key_of,
)
from iamkit.manifest.rehoming import Rehoming

LARGEST: Final = 512 * 1_048_576
# Where policies of AWS stand that were made the account's own.
ADOPTED: Final = "/aws/"
_SERVICE_ROLES: Final = "/aws-service-role/"
_LISTS: Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a dump describes. `source` is the account that it is of; `notes` say what was left out or made
    otherwise.
    """

    account: AccountEntry
    entries: Mapping[str, list[Entry]]
    source: str
    notes: tuple[str, ...]


def read(path: Path) -> dict[str, Plain]:
    """The JSON of a dump. Raises InputError if it is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise InputError(f"`{path}` is larger than {LARGEST:,} bytes")
        plain: Plain = json.loads(raw)
    except OSError as fault:
        raise InputError(
            f"the dump `{path}` cannot be read: {(fault.strerror or str(fault)).lower()}"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(f"the dump `{path}` is no JSON") from None
    if not isinstance(plain, dict) or not any(name in plain for name in _LISTS):
        raise InputError(
            f"`{path}` is no dump of an account; `aws iam get-account-authorization-details` prints one"
        )
    return plain


def taken(
    plain: Mapping[str, Plain], *, partition: str, account: str, shipped: Container[str], adopt: bool
) -> Taken:
    """The entries of a dump, as those of `account`. `shipped` are the ARNs of policies that iamkit has.

    With `adopt`, policies of AWS whose text the dump has become the account's own, on path `/aws/`; without
    it they are left out where they hang, and made its own only where they are a ceiling. Raises InputError.
    """
    source = _source(plain)
    taker = _Taker(Rehoming(source.partition, source.account, partition, account), shipped, adopt=adopt)
    taker.know(plain)
    entries = taker.entries(plain)
    for section, items in entries.items():
        items.sort(key=key_of)
        for one, other in pairwise(items):
            if key_of(one) == key_of(other):
                raise InputError(f"the dump has `{key_of(one)}` twice among its {section}")
    return Taken(
        AccountEntry(partition, account, tuple(entries), describes_settings=False),
        entries,
        source.account,
        tuple(dict.fromkeys(taker.notes)),
    )


@dataclass(slots=True)
class _Taker:
    """Makes entries, and keeps in mind what they need of policies that are AWS's."""

    rehoming: Rehoming
    shipped: Container[str]
    adopt: bool
    notes: list[str] = field(default_factory=list)
    # The text in force of each of AWS's policies in the dump, and those that become the account's own.
    _known: dict[str, Document] = field(default_factory=dict)
    _adopted: dict[str, PolicyEntry] = field(default_factory=dict)

    def know(self, plain: Mapping[str, Plain]) -> None:
        """Read the texts of AWS's own policies."""
        for item in _items(plain, "Policies"):
            arn = _text(item, "Arn")
            if _is_aws(arn):
                self._known[arn] = self._in_force(item)

    def entries(self, plain: Mapping[str, Plain]) -> dict[str, list[Entry]]:
        """The entries by section, in the order of the sections."""
        groups: list[Entry] = [self._group(item) for item in _items(plain, "GroupDetailList")]
        users: list[Entry] = [self._user(item) for item in _items(plain, "UserDetailList")]
        found: list[Entry] = []
        profiles: dict[str, Entry] = {}
        for item in _items(plain, "RoleDetailList"):
            name = _text(item, "RoleName")
            if _text(item, "Path", "/").startswith(_SERVICE_ROLES):
                self.notes.append(f"role {name} is linked to a service of AWS and was left out")
                continue
            found.append(self._role(item))
            for inner in _items(item, "InstanceProfileList"):
                profile = self._profile(inner, name)
                profiles[key_of(profile)] = profile
        policies: list[Entry] = [
            self._policy(item) for item in _items(plain, "Policies") if not _is_aws(_text(item, "Arn"))
        ]
        return {
            "policies": [*policies, *self._adopted.values()],
            "groups": groups,
            "users": users,
            "roles": found,
            "instance-profiles": list(profiles.values()),
        }

    def _user(self, item: Mapping[str, Plain]) -> UserEntry:
        name = _text(item, "UserName")
        told: dict[str, Plain] = {"groups": _texts(item, "GroupList")}
        return self._entry(UserEntry, item, name, f"user {name}", "UserPolicyList", told)

    def _group(self, item: Mapping[str, Plain]) -> GroupEntry:
        name = _text(item, "GroupName")
        return self._entry(GroupEntry, item, name, f"group {name}", "GroupPolicyList", {})

    def _role(self, item: Mapping[str, Plain]) -> RoleEntry:
        name = _text(item, "RoleName")
        told: dict[str, Plain] = {
            "trust_policy": self._document(item.get("AssumeRolePolicyDocument"), f"role {name}").plain
        }
        return self._entry(RoleEntry, item, name, f"role {name}", "RolePolicyList", told)

    def _profile(self, item: Mapping[str, Plain], role: str) -> InstanceProfileEntry:
        name = _text(item, "InstanceProfileName")
        told: dict[str, Plain] = {"name": name, "path": _text(item, "Path", "/"), "role": role}
        told["tags"] = _tags(item)
        return codec.from_plain(InstanceProfileEntry, told, f"instance profile {name}")

    def _policy(self, item: Mapping[str, Plain]) -> PolicyEntry:
        name = _text(item, "PolicyName")
        told: dict[str, Plain] = {"name": name, "path": _text(item, "Path", "/"), "tags": _tags(item)}
        told["description"] = _text(item, "Description", "")
        told["document"] = self._in_force(item).plain
        return codec.from_plain(PolicyEntry, told, f"policy {name}")

    def _entry(
        self,
        kind: type[EntryT],
        item: Mapping[str, Plain],
        name: str,
        place: str,
        inline: str,
        told: dict[str, Plain],
    ) -> EntryT:
        told |= {"name": name, "path": _text(item, "Path", "/")}
        told["inline_policies"] = {
            _text(inner, "PolicyName"): self._document(inner.get("PolicyDocument"), place).plain
            for inner in _items(item, inline)
        }
        arns = (_text(inner, "PolicyArn") for inner in _items(item, "AttachedManagedPolicies"))
        hung = (self._hung(arn, place) for arn in arns)
        told["attached_policies"] = [arn for arn in hung if arn]
        if kind is not GroupEntry:
            told["tags"] = _tags(item)
            told["permissions_boundary"] = self._ceiling(item, place)
        return codec.from_plain(kind, told, place)

    def _hung(self, arn: str, place: str) -> str:
        """The ARN under which a policy that hangs somewhere is found here; empty if it is left out."""
        here = self.rehoming.text(arn)
        if not _is_aws(arn) or here in self.shipped:
            return here
        if self.adopt and arn in self._known:
            return self._own(arn)
        self.notes.append(f"{arn} is AWS's and not shipped with iamkit: not attached to {place}")
        return ""

    def _ceiling(self, item: Mapping[str, Plain], place: str) -> str | None:
        given = item.get("PermissionsBoundary")
        if not isinstance(given, dict):
            return None
        arn = _text(given, "PermissionsBoundaryArn")
        here = self.rehoming.text(arn)
        if not _is_aws(arn) or here in self.shipped:
            return here
        if arn not in self._known:
            # Without its ceiling, a principal could do more than it may.
            raise InputError(
                f"{place} has the ceiling {arn}, which is not shipped and whose text the dump lacks;"
                " set another"
            )
        return self._own(arn)

    def _own(self, arn: str) -> str:
        parsed = Arn.parse(arn)
        own = iam_arn(self.rehoming.to_partition, self.rehoming.to_account, "policy", ADOPTED, parsed.name)
        if arn not in self._adopted:
            self._adopted[arn] = PolicyEntry(parsed.name, self._known[arn], ADOPTED, f"taken over from {arn}")
            self.notes.append(f"{arn} became the account's own policy {ADOPTED}{parsed.name}")
        return own

    def _in_force(self, item: Mapping[str, Plain]) -> Document:
        name = _text(item, "PolicyName")
        for inner in _items(item, "PolicyVersionList"):
            if inner.get("IsDefaultVersion") is True:
                return self._document(inner.get("Document"), f"policy {name}")
        raise InputError(f"policy {name} of the dump has no version in force")

    def _document(self, plain: Plain, place: str) -> Document:
        """A document as an object, as text, or as the wire writes it: percent-encoded."""
        try:
            if isinstance(plain, str):
                text = unquote(plain, errors="strict") if plain.startswith("%") else plain
                plain = Document.of_text(text).plain
            if plain is None:
                raise InputError(f"a document of {place} is missing in the dump")
            return Document.of_plain(self.rehoming.plain(plain))
        except ValueError:
            raise InputError(f"a document of {place} is neither JSON nor percent-encoded JSON") from None


def _source(plain: Mapping[str, Plain]) -> Arn:
    """An ARN of the account that a dump is of."""
    for name in _LISTS:
        for item in _items(plain, name):
            text = _text(item, "Arn")
            if not _is_aws(text):
                try:
                    return Arn.parse(text)
                except IamkitError as fault:
                    raise InputError(f"the dump holds a bad ARN: {fault.message}") from None
    raise InputError("the dump names no user, group, role or policy of an account")


def _is_aws(arn: str) -> bool:
    return arn.split(":", 5)[4:5] == ["aws"]


def _items(plain: Mapping[str, Plain], name: str) -> Iterator[Mapping[str, Plain]]:
    listed = plain.get(name)
    if listed is None:
        return
    if not isinstance(listed, list):
        raise InputError(f"`{name}` of the dump is no list")
    for item in listed:
        if not isinstance(item, dict):
            raise InputError(f"`{name}` of the dump holds what is no object")
        yield item


def _text(item: Mapping[str, Plain], name: str, usual: str | None = None) -> str:
    found = item.get(name, usual)
    if not isinstance(found, str):
        raise InputError(f"an item of the dump lacks its `{name}`")
    return found


def _texts(item: Mapping[str, Plain], name: str) -> list[Plain]:
    found = item.get(name, [])
    if not isinstance(found, list):
        raise InputError(f"`{name}` of the dump is no list")
    return found


def _tags(item: Mapping[str, Plain]) -> dict[str, Plain]:
    return {_text(tag, "Key"): _text(tag, "Value") for tag in _items(item, "Tags")}
