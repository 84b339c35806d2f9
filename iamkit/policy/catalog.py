"""What policies may speak of: services with their actions, resource types and condition keys.

The language decides without a catalog; linters, suggestions, generators and lists read one. Apps and
plugins register services of their own; the global keys are AWS's (SEM §7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

AccessLevel: TypeAlias = Literal["List", "Read", "Tagging", "Write", "Permissions management"]
KeyType: TypeAlias = Literal["String", "ARN", "Numeric", "Date", "Bool", "IPAddress", "Binary"]


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """A condition key and its type. `multivalued` keys hold lists and need a set prefix (SEM-C18).

    A name that ends in `/` stands for a family, one key for each tag: `aws:PrincipalTag/`.
    """

    name: str
    type: KeyType = "String"
    multivalued: bool = False


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource; `arn_template` has `${…}` where a concrete ARN differs."""

    name: str
    arn_template: str
    condition_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """An action without its prefix. Without resource types it has no resource-level permissions (SEM-R7)."""

    name: str
    access_level: AccessLevel
    resource_types: tuple[str, ...] = ()
    condition_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A namespace of actions, registered by iamkit, an app or a plugin."""

    prefix: str
    actions: tuple[Action, ...] = ()
    resource_types: tuple[ResourceType, ...] = ()
    condition_keys: tuple[ConditionKey, ...] = ()
    title: str = ""


def _keys(type_: KeyType, names: str, *, multivalued: bool = False) -> tuple[ConditionKey, ...]:
    return tuple(ConditionKey(name, type_, multivalued) for name in names.split())


# SEM §7 K-1 to K-26 and the `iamkit:` keys for what AWS has none.
GLOBAL_KEYS: Final = (
    *_keys("Date", "aws:CurrentTime aws:EpochTime aws:TokenIssueTime"),
    *_keys("Bool", "aws:MultiFactorAuthPresent aws:SecureTransport aws:ViaAWSService"),
    *_keys("Bool", "aws:PrincipalIsAWSService iamkit:DryRun"),
    *_keys("Numeric", "aws:MultiFactorAuthAge sts:DurationSeconds iamkit:SessionAge iamkit:RiskScore"),
    *_keys("IPAddress", "aws:SourceIp aws:VpcSourceIp"),
    *_keys("ARN", "aws:PrincipalArn aws:SourceArn iam:PermissionsBoundary iam:PolicyARN"),
    *_keys("ARN", "iam:AssociatedResourceArn"),
    *_keys("String", "aws:UserAgent aws:Referer aws:RequestedRegion aws:PrincipalAccount aws:PrincipalType"),
    *_keys("String", "aws:userid aws:username aws:SourceIdentity aws:FederatedProvider aws:ResourceAccount"),
    *_keys("String", "aws:ResourceOrgID aws:PrincipalOrgID aws:PrincipalServiceName aws:SourceAccount"),
    *_keys("String", "aws:CalledViaFirst aws:CalledViaLast aws:SourceVpc aws:SourceVpce aws:SourceOrgID"),
    *_keys("String", "aws:PrincipalTag/ aws:RequestTag/ aws:ResourceTag/ iam:ResourceTag/"),
    *_keys("String", "sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:AWSServiceName"),
    *_keys("String", "iam:PassedToService iam:AWSServiceName"),
    *_keys("String", "iamkit:Actor iamkit:CredentialKind iamkit:RouteName iamkit:HttpMethod iamkit:HttpHost"),
    *_keys("String", "saml:aud saml:iss saml:sub saml:sub_type saml:namequalifier saml:doc"),
    *_keys(
        "String",
        "aws:TagKeys aws:CalledVia aws:PrincipalOrgPaths aws:ResourceOrgPaths aws:SourceOrgPaths "
        "aws:PrincipalServiceNamesList sts:TransitiveTagKeys iamkit:MultiFactorMethod",
        multivalued=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Services and condition keys with their lookups, which ignore case as the language does.

    Raises ValueError for two services of one prefix, or two types for one key.
    """

    services: tuple[Service, ...] = ()
    global_keys: tuple[ConditionKey, ...] = GLOBAL_KEYS
    _services: Mapping[str, Service] = field(init=False, repr=False, compare=False)
    _actions: Mapping[str, Action] = field(init=False, repr=False, compare=False)
    _keys: Mapping[str, ConditionKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        services: dict[str, Service] = {}
        actions: dict[str, Action] = {}
        keys = {key.name.lower(): key for key in self.global_keys}
        for service in self.services:
            prefix = service.prefix.lower()
            if prefix in services:
                raise ValueError(f"two services have the prefix `{service.prefix}`")
            services[prefix] = service
            actions.update((f"{prefix}:{action.name.lower()}", action) for action in service.actions)
            for key in service.condition_keys:
                if keys.setdefault(key.name.lower(), key) != key:
                    raise ValueError(f"the condition key `{key.name}` is registered with two types")
        object.__setattr__(self, "_services", MappingProxyType(services))
        object.__setattr__(self, "_actions", MappingProxyType(actions))
        object.__setattr__(self, "_keys", MappingProxyType(keys))

    def with_services(self, services: Iterable[Service]) -> Catalog:
        """A catalog with further services."""
        return Catalog((*self.services, *services), self.global_keys)

    def service(self, prefix: str) -> Service | None:
        """The service of a prefix."""
        return self._services.get(prefix.lower())

    def action(self, name: str) -> Action | None:
        """The action of a full name (`doc:Get`)."""
        return self._actions.get(name.lower())

    def resource_type(self, prefix: str, name: str) -> ResourceType | None:
        """A resource type of a service."""
        service = self.service(prefix)
        found = (kind for kind in service.resource_types if kind.name == name) if service else ()
        return next(iter(found), None)

    def key(self, name: str) -> ConditionKey | None:
        """The condition key of a name; `aws:PrincipalTag/team` is one of its family."""
        lowered = name.lower()
        found = self._keys.get(lowered)
        if found is None and "/" in lowered:
            return self._keys.get(lowered.partition("/")[0] + "/")
        return found if found is None or not lowered.endswith("/") else None

    def actions(self) -> tuple[str, ...]:
        """Every action by its full name, as registered."""
        return tuple(
            f"{service.prefix}:{action.name}" for service in self.services for action in service.actions
        )

    def reading_actions(self) -> tuple[str, ...]:
        """The actions that change nothing."""
        return tuple(
            f"{service.prefix}:{action.name}"
            for service in self.services
            for action in service.actions
            if action.access_level in ("List", "Read")
        )

    def nearest_actions(self, name: str, count: int = 3) -> tuple[str, ...]:
        """The registered actions that a mistyped name most likely meant."""
        return _nearest(name, self.actions(), count)

    def nearest_keys(self, name: str, count: int = 3) -> tuple[str, ...]:
        """The known condition keys that a mistyped name most likely meant."""
        return _nearest(name, tuple(key.name for key in self._keys.values()), count)


def _nearest(name: str, known: tuple[str, ...], count: int) -> tuple[str, ...]:
    by_lower = {word.lower(): word for word in known}
    return tuple(by_lower[word] for word in get_close_matches(name[:200].lower(), by_lower, count, 0.7))


STANDARD_CATALOG: Final = Catalog()
