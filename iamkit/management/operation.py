"""An operation: one function with what has to be allowed for it, as a value that the desk can run.

    @operation("iam:CreateUser", access="Write", asks=_create_asks)
    def create_user(work: Work, *, user_name: str, path: str = "/") -> User: ...

Parameters are keyword-only and named as AWS names its members, in snake case, so that any wire is a pure
translation. Secrets come as `Secret`, which no event, log or traceback shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar

from iamkit.credentials.authentication import CredentialKind
from iamkit.identity.house import House
from iamkit.identity.principal import Principal
from iamkit.management.services import Services
from iamkit.policy.catalog import AccessLevel
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.request import ContextValue
from iamkit.storage import Reader, Unit

P = ParamSpec("P")
R = TypeVar("R")

_READING: Final = ("List", "Read")


@dataclass(frozen=True, slots=True)
class Beside:
    """Another action that has to be allowed too, on a resource of its own: `iam:PassRole` on a role."""

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Asks:
    """What an operation with given parameters must be allowed to do.

    Every action is asked on every resource; one denial refuses the whole. `account` owns the resources
    (empty: the account of the ARN, else the caller's). `also` are actions beside the operation's own,
    `beside` those on other resources.

    `explicit_trust` marks resources that must name the caller in their own policy (SEM-E17). `principal` is
    the caller with what it proves by this very call, where that is more than it came with.

    `shown` are the resources as a denial names them, where that is not as they are: somebody without
    permission is told what was asked for, and neither that it exists nor on which path.
    """

    resources: tuple[str, ...]
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    account: str = ""
    also: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    explicit_trust: bool = False
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a preparing step may use. It runs before the writing unit opens: hashing takes milliseconds."""

    reader: Reader
    house: House
    services: Services
    principal: Principal
    account: str
    # The network that the attempt comes from, if it comes from one.
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What an operation may use. Everything it reads and writes is in `unit`, with its audit event.

    `account` is the account it acts in: the caller's. `prepared` is what the preparing step returned,
    `network` where the attempt comes from, as limits count it (`sources.network_of`).
    """

    unit: Unit
    house: House
    services: Services
    principal: Principal
    account: str
    prepared: object = None
    network: str | None = None

    @property
    def everywhere(self) -> bool:
        """Whether the host operator acts, who is told of every account."""
        proof = self.principal.authentication
        return proof is not None and proof.kind is CredentialKind.OPERATOR

    def told_around(self, resource: str, owner: str) -> ResourceLayers:
        """The layers around a resource that `owner` has, as far as they are told in this account.

        Another account's are not, not even by what they would decide, except to the host operator.
        """
        told = owner == self.account or self.everywhere
        return self.services.around(resource, owner) if told else ResourceLayers()


@dataclass(frozen=True, slots=True)
class Operation(Generic[P, R]):
    """One management operation. Without `resource_types` it is asked on `*` (SEM-R7)."""

    action: str
    access: AccessLevel
    run: Callable[Concatenate[Work, P], R]
    asks: Callable[..., Asks]
    prepare: Callable[..., object] | None = None
    resource_types: tuple[str, ...] = ()
    # Whether a writing operation is prepared only for those who may ask for it.
    ask_first: bool = True
    writes: bool = False
    # What takes long, such as asking another host, on what was prepared; the store is not held meanwhile.
    verify: Callable[[Services, object], object] | None = None
    # Whether the call itself shows who asks, so that it needs no credential: `Asks.principal` is the caller.
    for_strangers: bool = False

    @property
    def name(self) -> str:
        """The action without its service, such as `CreateUser`."""
        return self.action.split(":", 1)[1]

    @property
    def service(self) -> str:
        """The service prefix of the action."""
        return self.action.split(":", 1)[0]

    @property
    def read_only(self) -> bool:
        """Whether it changes nothing."""
        return self.access in _READING and not self.writes


def operation(
    action: str,
    *,
    access: AccessLevel,
    asks: Callable[..., Asks],
    on: tuple[str, ...] = (),
    prepare: Callable[..., object] | None = None,
    ask_first: bool = True,
    writes: bool = False,
    verify: Callable[[Services, object], object] | None = None,
    for_strangers: bool = False,
) -> Callable[[Callable[Concatenate[Work, P], R]], Operation[P, R]]:
    """Make an operation of a function. `asks` and `prepare` take the function's own keyword arguments.

    `on` names the resource types of the catalog that the asked resources are of. With `ask_first` False what
    the caller shows is looked at before anything is asked, because the answer may hang on it. `writes`: it
    keeps something, although AWS counts its action among those that read. `verify` goes on with what
    `prepare` returned, without the store. `for_strangers`: the call itself shows who asks.
    """

    def make(run: Callable[Concatenate[Work, P], R]) -> Operation[P, R]:
        return Operation(action, access, run, asks, prepare, on, ask_first, writes, verify, for_strangers)

    return make
