"""The layers that come with a resource: its policy or trust policy, and its account's resource guardrails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from iamkit import epochs
from iamkit.credentials.bounded import BoundedMap
from iamkit.epochs import Look
from iamkit.identity import references, roles
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library
from iamkit.identity.house import House
from iamkit.identity.resource_policies import ResourcePolicy
from iamkit.policy.layers import AttachedPolicy, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.storage import Epochs, Reader, Store

ACCOUNTS: Final = 1_000
RESOURCES: Final = 10_000
# Up to so many policies, the list of an account's resources that have one is kept: the others cost no read.
_LISTED: Final = 10_000

# An account, and an ARN or a service in it.
_Key: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Account:
    """What holds for all resources of an account while its epochs stand still.

    `seen` is the epoch of `ANY` when they last did.
    """

    seen: int
    epochs: Epochs
    bare: ResourceLayers
    # The resources that have a policy; None if there are too many to keep.
    listed: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """Resources of one account that have the same policy, naming the same users and roles by it."""

    account: str
    policies: Policies
    arns: tuple[str, ...]


class ResourceLayersReader:
    """Finds the policies that stand on a resource. One per IAM; safe to use from many threads."""

    def __init__(
        self, store: Store, house: House, *, library: Library | None = None, look: Look | None = None
    ) -> None:
        self._store = store
        self._look = look or Look(store)
        self._library = Library() if library is None else library
        self._callers = CallerLayersReader(house, self._library)
        self._role_prefixes = f"arn:{house.partition}:iam::"
        self._accounts: BoundedMap[str, _Account] = BoundedMap(ACCOUNTS)
        self._held: BoundedMap[_Key, tuple[Epochs, tuple[HeldPolicies, ...]]] = BoundedMap(ACCOUNTS)
        self._resources: BoundedMap[_Key, tuple[Epochs, ResourceLayers]] = BoundedMap(RESOURCES)

    def layers(self, arn: str, account: str) -> ResourceLayers:
        """The layers of a resource that `account` owns. Raises EvaluationError, StoreUnavailable."""
        seen = self._look.now()
        known = self._accounts.get(account)
        if known is None or known.seen != seen:
            current = self._store.epochs((epochs.DEPLOYMENT, epochs.resources_of(account)))
            if known is None or known.epochs != current:
                with self._store.read() as reader:
                    known = self._read_account(reader, account, seen, current)
                self._accounts.put(account, known)
            known.seen = seen
        current = known.epochs
        is_role = self._is_role(arn, account)
        if not is_role and known.listed is not None and arn not in known.listed:
            return known.bare
        kept = self._resources.get((account, arn))
        if kept is not None and kept[0] == current:
            return kept[1]
        with self._store.read() as reader:
            policies = self._trust(reader, arn, account) if is_role else self._policy(reader, arn, account)
        found = ResourceLayers(policies, known.bare.guardrails) if policies else known.bare
        self._resources.put((account, arn), (current, found))
        return found

    def bare(self, account: str) -> ResourceLayers:
        """The layers of any resource of `account` without a policy. Raises as `layers`."""
        return self.layers("*", account)

    def held(self, service: str, account: str | None) -> tuple[HeldPolicies, ...]:
        """The policies on all resources of a service, grouped; `account` None: of every account.

        Raises EvaluationError, StoreUnavailable.
        """
        if account is None:
            return self._read_held(service, None)
        current = self._store.epochs((epochs.DEPLOYMENT, epochs.resources_of(account)))
        kept = self._held.get((account, service))
        if kept is None or kept[0] != current:
            kept = (current, self._read_held(service, account))
            self._held.put((account, service), kept)
        return kept[1]

    def _read_held(self, service: str, account: str | None) -> tuple[HeldPolicies, ...]:
        groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[Policies, list[str]]] = {}
        with self._store.read() as reader:
            for found in reader.find(
                ResourcePolicy,
                {} if account is None else {"account": account},
                prefix=("resource_arn", f"{self._role_prefixes.removesuffix('iam::')}{service}:"),
                order="resource_arn",
            ):
                arn, owner, kind = found.resource_arn, found.account, PolicyKind.RESOURCE
                attached = self._attached(reader, owner, arn, found.digest, kind, arn)
                group = (owner, found.digest, tuple(sorted(attached.principal_ids.items())))
                groups.setdefault(group, ((attached,), []))[1].append(arn)
        return tuple(
            HeldPolicies(owner, policies, tuple(arns)) for (owner, _, _), (policies, arns) in groups.items()
        )

    def _is_role(self, arn: str, account: str) -> bool:
        return arn.startswith(f"{self._role_prefixes}{account}:role/")

    def _read_account(self, reader: Reader, account: str, seen: int, current: Epochs) -> _Account:
        found = reader.find(ResourcePolicy, {"account": account}, limit=_LISTED + 1)
        return _Account(
            seen,
            current,
            ResourceLayers(guardrails=self._callers.resource_guardrails(reader, account)),
            frozenset(item.resource_arn for item in found) if len(found) <= _LISTED else None,
        )

    def _policy(self, reader: Reader, arn: str, account: str) -> Policies:
        stored = reader.get(ResourcePolicy, (account, arn))
        if stored is None:
            return ()
        return (self._attached(reader, account, arn, stored.digest, PolicyKind.RESOURCE, arn),)

    def _trust(self, reader: Reader, arn: str, account: str) -> Policies:
        role = roles.find(reader, account, arn.rsplit("/", 1)[-1])
        if role is None or role.arn != arn:
            return ()
        return (self._attached(reader, account, arn, role.trust_digest, PolicyKind.TRUST, "trust policy"),)

    def _attached(
        self, reader: Reader, account: str, arn: str, digest: str, kind: PolicyKind, name: str
    ) -> AttachedPolicy:
        return AttachedPolicy(
            self._library.load(reader, digest, kind),
            PolicySource(name, "resource", arn=arn, holder=arn, digest=digest),
            references.of_policy(reader, account, arn),
        )
