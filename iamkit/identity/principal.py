"""A principal: who is asking, with everything that policies say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import ConfigurationError
from iamkit.policy.decision import Decision
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind, ContextValue
from iamkit.values import quickly


class Judge(Protocol):
    """Decides for a principal. The gate is one; a principal made without one cannot be asked."""

    def judge(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, ContextValue]
    ) -> Decision:
        """The decision, unrecorded."""


class Narrows(Protocol):
    """Begins sessions of principals that may do less. `Principals` has one once there is a desk."""

    def __call__(
        self, principal: Principal, policy: str, life: timedelta, actor: str | None, /
    ) -> Principal: ...


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: identity, policy layers, tags, and how it was proved.

    Frozen and valid for one request: the next request resolves it again, from cache while no epoch moved.
    `name` is the user's name, `root`, `anonymous` or `role/session`.
    """

    caller: Caller
    name: str
    account: str
    layers: CallerLayers = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    # The account's place in the tree, outermost node first, for `aws:PrincipalOrgPaths`.
    org_path: tuple[str, ...] = ()
    authentication: Authentication | None = None
    judge: Judge | None = field(default=None, repr=False, compare=False)
    narrows: Narrows | None = field(default=None, repr=False, compare=False)

    @property
    def arn(self) -> str:
        """The caller's ARN; empty for anonymous."""
        return self.caller.arn

    @property
    def is_root_user(self) -> bool:
        """Whether an account's root user proved to be it; the host operator, who acts as root, is not."""
        proof = self.authentication
        return (
            self.caller.kind is CallerKind.ROOT
            and proof is not None
            and proof.kind is not CredentialKind.OPERATOR
        )

    def can(self, action: str, resource: str = "*", **context: ContextValue) -> bool:
        """Whether this principal may do `action` on `resource` now, as a route would decide.

        `resource` is an ARN, `*`, or a short name of the action's service such as `doc/1`.
        """
        if self.judge is None:
            return False
        return self.judge.judge(self, action, resource, context).allowed

    def session(
        self,
        *,
        policy: str | Mapping[str, object],
        ttl: timedelta = timedelta(minutes=15),
        actor: str | None = None,
    ) -> Principal:
        """This principal, narrowed for `ttl`: it may do what both this one and `policy` may (THR-K10).

        `policy` is a document, as text or as data; `actor` names who acts, which is in every event and is
        the condition key `iamkit:Actor`. It can be narrowed again, ends no later than this one's own
        credential, and can be taken back like every session. Recorded. Raises ValidationError,
        MalformedPolicyDocument, ExpiredToken, ConfigurationError for a principal that no deployment made.
        """
        if self.narrows is None:
            raise ConfigurationError("this principal is of no deployment; take one from a request or an IAM")
        text = policy if isinstance(policy, str) else json.dumps(policy)
        made = self.narrows(self, text, ttl, actor)
        return made if self.judge is None else made.asking(self.judge)

    def asking(self, judge: Judge) -> Principal:
        """The same principal, whose questions `judge` answers."""
        return principal_of(
            self.caller,
            self.name,
            self.account,
            self.layers,
            self.tags,
            self.org_path,
            self.authentication,
            judge,
            self.narrows,
        )


principal_of: Final = quickly(Principal)
"""`Principal(...)`, for each request."""
