"""The layers that come with a caller: which policies speak for and against a user or role (SEM §8.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from iamkit.credentials import password_rules
from iamkit.credentials.authentication import Authentication
from iamkit.errors import EvaluationError, IamkitError
from iamkit.identity import (
    accounts,
    attachments,
    groups,
    guardrails,
    inline,
    managed,
    root_rules,
    shipped,
    tree,
)
from iamkit.identity.documents import Library, digest_of
from iamkit.identity.guardrails import Guardrail
from iamkit.identity.holder import Holder
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.identity.shipped import ShippedPolicy
from iamkit.identity.users import User
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader

# Part of every level of resource guardrails. It is parsed as stored: what people write there may only deny.
_EVERYBODY: Final = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}'
)

# What plugins add: one more level of guardrails for an account (hook iamkit_guardrails).
PluginGuardrails = Callable[[str], Sequence[AttachedPolicy]]


def no_plugin_guardrails(account: str) -> Sequence[AttachedPolicy]:  # noqa: ARG001  # the hook's shape
    """No plugin adds any."""
    return ()


class CallerLayersReader:
    """Builds layers from one reading unit. Whatever cannot be read or parsed raises EvaluationError."""

    def __init__(
        self, house: House, library: Library, plugin_guardrails: PluginGuardrails = no_plugin_guardrails
    ) -> None:
        self._house = house
        self._library = library
        self._plugin_guardrails = plugin_guardrails

    def of_user(self, reader: Reader, user: User) -> CallerLayers:
        """A user's own policies and those of its groups, its boundary, and its account's guardrails."""
        identity = list(self.held(reader, user.holder))
        for group in groups.of_user(reader, user.user_id):
            identity += self.held(reader, group.holder)
        if password_rules.users_may_change(reader, user.account):
            arn = shipped.change_password_arn(self._house.partition)
            identity.append(self._managed(reader, user.holder, arn, PolicyKind.IDENTITY))
        return CallerLayers(
            identity=tuple(identity),
            boundary=self.boundary(reader, user),
            guardrails=self.of_others(reader, user.account),
        )

    def of_role(self, reader: Reader, role: Role) -> CallerLayers:
        """A role's policies, as every session of it has them."""
        return CallerLayers(
            identity=self.held(reader, role.holder),
            boundary=self.boundary(reader, role),
            guardrails=self.of_others(reader, role.account),
        )

    def of_root(self, reader: Reader, account: str) -> CallerLayers:
        """A root user has no policies; guardrails bind it like everybody (SEM-E5, E-21)."""
        return CallerLayers(guardrails=self._guardrails(reader, account, root_rules.FOR_ROOT))

    def of_others(self, reader: Reader, account: str) -> tuple[Policies, ...]:
        """The guardrails of everybody in an account but its root user, who has tasks of its own (CAP-A7)."""
        return self._guardrails(reader, account, root_rules.FOR_OTHERS)

    def held(self, reader: Reader, holder: Holder) -> Policies:
        """The policies that hang directly on a user, group or role: inline ones, then attached ones."""
        found = [
            AttachedPolicy(
                self._library.load(reader, item.digest, PolicyKind.IDENTITY),
                PolicySource(item.name, holder.kind.value, holder=holder.arn, digest=item.digest),
            )
            for item in inline.of_holder(reader, holder)
        ]
        found += [
            self._managed(reader, holder, arn, PolicyKind.IDENTITY)
            for arn in attachments.of_holder(reader, holder)
        ]
        return tuple(found)

    def narrowed(
        self, reader: Reader, layers: CallerLayers, proof: Authentication, bearer: Holder
    ) -> CallerLayers:
        """The layers of whoever comes with a credential that was narrowed.

        A ceiling is a level like those of guardrails: nothing, not even a resource that names the user, gets
        round it. The last one is told as a session policy as well, which is what people know it by.
        """
        ceilings = self._session(reader, proof.ceilings, bearer)
        session = self._session(reader, proof.session_policies, bearer) or ceilings[-1:]
        levels = (*(layers.guardrails or ()), *((ceiling,) for ceiling in ceilings))
        return replace(layers, session=session, guardrails=levels or None)

    def _session(self, reader: Reader, given: Sequence[str], bearer: Holder) -> Policies:
        """The policies that a credential was narrowed by: digests of texts, and ARNs of managed policies.

        A managed one is read as it is now, in the bearer's account.
        """
        return tuple(
            self._managed(reader, bearer, one, PolicyKind.SESSION)
            if one.startswith("arn:")
            else AttachedPolicy(
                self._library.load(reader, one, PolicyKind.SESSION),
                PolicySource("session policy", "session", digest=one),
            )
            for one in given
        )

    def boundary(self, reader: Reader, entity: User | Role) -> Policies | None:
        """The permissions boundary, or None where none is set."""
        if entity.boundary is None:
            return None
        return (self._managed(reader, entity.holder, entity.boundary, PolicyKind.BOUNDARY),)

    def _guardrails(self, reader: Reader, account: str, rule: ShippedPolicy) -> tuple[Policies, ...]:
        """One entry a level: the nodes from the root down, the account, and what plugins add (SEM-E4).

        `rule` is part of the account's level; it allows nothing, so a level that is empty stays so.
        """
        levels = self.tree_levels(reader, account, PolicyKind.GUARDRAIL)
        always = self._shipped(
            rule, rule.arn(self._house.partition), PolicyKind.GUARDRAIL, "guardrail", account
        )
        levels = (*levels[:-1], (*levels[-1], always))
        added = tuple(self._plugin_guardrails(account))
        return (*levels, added) if added else levels

    def resource_guardrails(self, reader: Reader, account: str) -> tuple[Policies, ...] | None:
        """What limits everybody on the account's resources, or None where nothing does.

        Every level allows everything besides, which cannot be taken away; so they only ever deny (SEM-E6).
        """
        if accounts.find(reader, account) is None:
            return None
        levels = self.tree_levels(reader, account, PolicyKind.RESOURCE_GUARDRAIL)
        return tuple((self._open, *level) for level in levels) if any(levels) else None

    def tree_levels(self, reader: Reader, account: str, kind: PolicyKind) -> tuple[Policies, ...]:
        """The guardrails of one kind on the way from the root of the tree to the account."""
        try:
            place = tree.path(reader, accounts.get(reader, account).node_id)
        except IamkitError as fault:
            raise EvaluationError(f"the account tree cannot be followed: {fault}") from fault
        return tuple(self._level(reader, target, kind) for target in (*place, account))

    def _level(self, reader: Reader, target_id: str, kind: PolicyKind) -> Policies:
        found = []
        for arn in guardrails.attached_to(reader, target_id):
            shipped = self._house.shipped.get(arn)
            if shipped is not None:
                if shipped.kind is kind:
                    found.append(self._shipped(shipped, arn, kind, "guardrail", target_id))
                continue
            stored = reader.get(Guardrail, (arn,))
            if stored is None:
                raise EvaluationError(f"the attached guardrail `{arn}` is not there")
            if stored.kind == kind.value:
                source = PolicySource(
                    stored.name, "guardrail", arn=arn, holder=target_id, digest=stored.digest
                )
                found.append(AttachedPolicy(self._library.load(reader, stored.digest, kind), source))
        return tuple(found)

    def _managed(self, reader: Reader, holder: Holder, arn: str, kind: PolicyKind) -> AttachedPolicy:
        shipped = self._house.shipped.get(arn)
        if shipped is not None:
            if shipped.kind is not PolicyKind.IDENTITY:
                raise EvaluationError(f"the attached policy `{arn}` is a {shipped.kind}")
            return self._shipped(shipped, arn, kind, "aws-managed", holder.arn)
        policy = managed.find(reader, holder.account, arn)
        if policy is None:
            raise EvaluationError(f"the attached policy `{arn}` is not there")
        try:
            version = managed.version(reader, policy, policy.default_version)
        except IamkitError as fault:
            raise EvaluationError(f"the policy `{arn}` has no version in force: {fault}") from fault
        return AttachedPolicy(
            self._library.load(reader, version.digest, kind),
            PolicySource(
                policy.name,
                "user-managed",
                arn=arn,
                version=version.version,
                holder=holder.arn,
                digest=version.digest,
            ),
        )

    def _shipped(
        self, policy: ShippedPolicy, arn: str, kind: PolicyKind, source_type: str, holder: str
    ) -> AttachedPolicy:
        digest = digest_of(policy.text)
        return AttachedPolicy(
            self._library.parsed(policy.text, kind, digest),
            PolicySource(policy.name, source_type, arn=arn, holder=holder, digest=digest),
        )

    @property
    def _open(self) -> AttachedPolicy:
        digest = digest_of(_EVERYBODY)
        return AttachedPolicy(
            self._library.parsed(_EVERYBODY, PolicyKind.RESOURCE_GUARDRAIL, digest),
            PolicySource("ResourceFullAccess", "guardrail", digest=digest),
        )
