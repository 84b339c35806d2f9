"""The declared models of one deployment, and what a caller may see of their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from iamkit.errors import ConfigurationError, EvaluationError, NotFilterable
from iamkit.identity.principal import Principal
from iamkit.identity.resource_layers import HeldPolicies
from iamkit.policy import EvaluationOptions
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.match import Known
from iamkit.policy.residual import Residual, residual
from iamkit.rows.likeness import like
from iamkit.rows.names import name_of
from iamkit.rows.predicate import (
    NO,
    Nameable,
    Predicate,
    Same,
    Sound,
    all_of,
    any_of,
    opposite,
)
from iamkit.rows.sources import Declaration, Kind, NamePart, Source
from iamkit.rows.translate import Shape, allowed

T = TypeVar("T")

_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_ACTION: Final = re.compile(r"[a-z0-9][a-z0-9-]*:[A-Za-z0-9]+", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*:[A-Za-z0-9_./-]+", re.ASCII)
# How many resources with a policy of their own a filter may name; more are refused, never left out.
MOST_POLICIES: Final = 2_000


class Asks(Protocol):
    """What a filter needs to know of a caller. The gate is one."""

    @property
    def options(self) -> EvaluationOptions: ...

    def known(
        self, principal: Principal, action: str, *, account: str, unknown_keys: Container[str]
    ) -> Known: ...

    def own_account(self, principal: Principal) -> str: ...

    def held_policies(self, service: str, account: str | None) -> Sequence[HeldPolicies]: ...

    def bare_layers(self, account: str) -> ResourceLayers: ...

    @property
    def partition(self) -> str: ...


class Book:
    """One per IAM. Models are declared while the app is put together, before requests are served."""

    def __init__(self, asks: Asks, *, supplied_policies: Callable[[], bool] = lambda: False) -> None:
        self._asks = asks
        self._supplied_policies = supplied_policies
        self._declarations: dict[type, Declaration] = {}

    # --- declaring ------------------------------------------------------------------------------

    def declare(
        self,
        model: type,
        resource: str,
        source: Callable[[str, object], Source],
        *,
        parts: Mapping[str, object],
        account: object | None,
        tags: object | None,
        attributes: Mapping[str, object],
        actions: Sequence[str],
    ) -> Declaration:
        """Keep how a row of `model` is named. Raises ConfigurationError."""
        if model in self._declarations:
            raise ConfigurationError(f"`{model.__name__}` is declared as a resource already")
        kind = resource.partition("/")[0]
        if not _TYPE.fullmatch(kind):
            raise ConfigurationError(f"`{resource[:80]}` does not begin with a resource type such as `doc`")
        self._check_actions(model, actions)
        keys: dict[str, Source] = {}
        written: dict[str, str] = {}
        for name, given in attributes.items():
            key = name if ":" in name else f"{kind}:{name}"
            if not _KEY.fullmatch(key) or key.lower().startswith(("aws:", "iamkit:")):
                raise ConfigurationError(f"condition key `{key[:80]}` needs your own prefix: `{kind}:Owner`")
            if key.lower() in keys:
                raise ConfigurationError(f"two attributes are called `{key}`, case ignored")
            keys[key.lower()] = source(name, given)
            written[key.lower()] = key
        owner = None if account is None else source("account", account)
        if owner is not None and owner.kind is not Kind.TEXT:
            raise ConfigurationError("`account` is a column of texts: accounts begin with zeros, too")
        told = None if tags is None else source("tags", tags)
        if told is not None:
            if told.kind is not Kind.TEXTS:
                raise ConfigurationError("`tags` is a JSON column that holds an object of texts")
            told = replace(told, kind=Kind.TAGS)
        sources = {name: source(name, given) for name, given in parts.items()}
        made = Declaration(
            model,
            kind,
            name_of(resource, sources),
            owner,
            told,
            keys,
            written,
            tuple(actions),
        )
        self._declarations[model] = made
        return made

    def take_over(self, other: Book) -> None:
        """Keep what `other` declares by now, too."""
        self._declarations.update(other._declarations)

    def mask(self, model: type, masked: Mapping[str, str]) -> Declaration:
        """Add columns that need a further action."""
        found = self.of(model)
        self._check_actions(model, tuple(masked.values()))
        made = replace(found, masks={**found.masks, **masked})
        self._declarations[model] = made
        return made

    def _check_actions(self, model: type, actions: Sequence[str]) -> None:
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise ConfigurationError(f"`{action[:80]}` is not an action; write one such as `docs:Read`")
        if actions and self._supplied_policies():
            raise ConfigurationError(
                f"`{model.__name__}` cannot be filtered by actions: a plugin supplies resource policies "
                "one by one (`iamkit_resource_policies`), where a list cannot ask; keep them in iamkit"
            )

    def of(self, model: type) -> Declaration:
        """The declaration of a model, or of the nearest class it inherits from."""
        for base in model.__mro__:
            if base in self._declarations:
                return self._declarations[base]
        raise ConfigurationError(
            f"`{model.__name__}` is not declared: say `iam.resource({model.__name__}, ...)` once"
        )

    @property
    def declared(self) -> tuple[Declaration, ...]:
        return tuple(self._declarations.values())

    # --- asking ---------------------------------------------------------------------------------

    def where(self, declaration: Declaration, principal: Principal, action: str) -> Predicate:
        """The rows on which the caller may do `action`. Raises NotFilterable, EvaluationError."""
        if self._supplied_policies():
            raise NotFilterable(
                "a plugin supplies resource policies one by one, which a list cannot ask about"
            )
        asks = self._asks
        service = action.partition(":")[0]
        filtering = _Filtering(asks, declaration, principal, action, service)
        own = asks.own_account(principal)
        held = asks.held_policies(service, own if declaration.account is None else None)
        accounts = dict.fromkeys([own, *(one.account for one in held)])
        found = any_of(
            filtering.of_account(account, [one for one in held if one.account == account], own=account == own)
            for account in accounts
        )
        return all_of((found, *guards(declaration)))


@dataclass(frozen=True, slots=True)
class _Filtering:
    asks: Asks
    declaration: Declaration
    principal: Principal
    action: str
    service: str

    def of_account(self, account: str, held: Sequence[HeldPolicies], *, own: bool) -> Predicate:
        """The rows of one account: those that no policy of their own speaks of, and the others."""
        known = self._known(account)
        shape = Shape(self.declaration, ("arn", self.asks.partition, self.service, "", account))
        start = ":".join(shape.parts) + ":"
        bare = self.asks.bare_layers(account)
        base = self._residual(known, bare)
        named: list[Predicate] = []
        special: list[Predicate] = []
        count = 0
        for one in held:
            left = self._residual(known, replace(bare, policies=one.policies))
            if left == base:
                continue
            names = [arn.removeprefix(start) for arn in one.arns if arn.startswith(start)]
            count += len(names)
            if count > MOST_POLICIES:
                raise NotFilterable(
                    f"more than {MOST_POLICIES} resources have policies that speak of the caller; "
                    "grant by an identity policy with a condition instead"
                )
            such = any_of(like(shape.name, (name,)) for name in names)
            named.append(such)
            special.append(all_of((such, allowed(left, shape, known.context))))
        plain = allowed(base, shape, known.context)
        found = any_of((all_of((plain, opposite(any_of(named)))), *special))
        if self.declaration.account is None:
            return found if own else NO
        return all_of((Same(self.declaration.account, (account,)), found))

    def _known(self, account: str) -> Known:
        known = self.asks.known(
            self.principal, self.action, account=account, unknown_keys=self.declaration.unknown_keys
        )
        for key in known.context.by_lower:
            if key in self.declaration.unknown_keys:
                raise EvaluationError(f"a plugin gives the condition key `{key}`, which rows have themselves")
        return known

    def _residual(self, known: Known, layers: ResourceLayers) -> Residual:
        return residual(known, self.principal.layers, layers, options=self.asks.options)


def guards(declaration: Declaration) -> Iterable[Predicate]:
    """What has to hold of every row for it to be named and judged; see `facts`."""
    for part in declaration.name:
        if isinstance(part, NamePart):
            yield Nameable(part.source, part.longest)
    for source in declaration.keys.values():
        if source.kind in (Kind.TEXT, Kind.TEXTS, Kind.FLOAT, Kind.DECIMAL):
            yield Sound(source)
    if declaration.tags is not None:
        yield Sound(declaration.tags)
