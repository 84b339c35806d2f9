"""Principals: from a verified credential to who is asking, with all policy layers, current on every request.

What is read is kept by unique id together with the epochs it depends on (the tree, the account's
policies, the principal itself); one look at the epochs says whether it still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from iamkit import epochs
from iamkit.credentials import temporary
from iamkit.credentials.authentication import Authentication, CredentialKind, TemporaryKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.epochs import Look
from iamkit.errors import ExpiredToken, InvalidClientTokenId, NoSuchEntity
from iamkit.identity import accounts, bearers, roles, tree, users
from iamkit.identity.bearers import Bearer
from iamkit.identity.caller_layers import CallerLayersReader, PluginGuardrails, no_plugin_guardrails
from iamkit.identity.documents import Library
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.identity.principal import Judge, Narrows, Principal, principal_of
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import ANONYMOUS, Caller, CallerKind
from iamkit.storage import Epochs, Store

CACHE_SIZE: Final = 10_000
_ANONYMOUS: Final = Principal(ANONYMOUS, "anonymous", "", CallerLayers())
_UNKNOWN: Final = "the credential belongs to nobody who may use this deployment; sign in again"


@dataclass(slots=True)
class _Known:
    """What does not change while the epochs stand still; `seen` is that of `ANY` when they last did."""

    seen: int
    epochs: Epochs
    caller: Caller
    name: str
    account: str
    layers: CallerLayers
    tags: Mapping[str, str]
    org_path: tuple[str, ...]


class Principals:
    """Resolves principals. One per IAM; safe to use from many threads.

    `judge` answers `principal.can(...)`; it is set once the gate exists.
    """

    def __init__(
        self,
        store: Store,
        house: House,
        *,
        judge: Judge | None = None,
        narrows: Narrows | None = None,
        guardrails: PluginGuardrails = no_plugin_guardrails,
        library: Library | None = None,
        cache_size: int = CACHE_SIZE,
        look: Look | None = None,
    ) -> None:
        self.judge = judge
        self._narrows = narrows
        self._look = look or Look(store)
        self._store = store
        self._house = house
        self._layers = CallerLayersReader(house, Library() if library is None else library, guardrails)
        self._known: BoundedMap[str, _Known] = BoundedMap(cache_size)
        # Temporary credentials that held when the epochs that they depend on were these.
        self._held: BoundedMap[str, tuple[int, Epochs]] = BoundedMap(cache_size)
        self._bearers: BoundedMap[tuple[int, tuple[str, ...], str], tuple[CallerLayers, Bearer]] = BoundedMap(
            cache_size
        )

    def resolve(self, authentication: Authentication) -> Principal:
        """Who a credential stands for, now.

        Raises InvalidClientTokenId for a user who was disabled or deleted, EvaluationError when a policy of
        theirs cannot be read, StoreUnavailable. The host operator is never resolved from a request.
        """
        if authentication.kind is CredentialKind.ANONYMOUS:
            return self.anonymous()
        if authentication.kind is CredentialKind.OPERATOR:
            raise InvalidClientTokenId(_UNKNOWN)
        if authentication.subject == authentication.account:
            if _by_key(authentication) and not self._house.root_access_keys:
                raise InvalidClientTokenId("root users have no access keys here; sign with a user's key")
            return self.root(authentication.account, authentication)
        if authentication.session is not None and authentication.session.kind is TemporaryKind.ROLE:
            return self.role(authentication.account, authentication.subject, authentication)
        return self.user(authentication.account, authentication.subject, authentication)

    def user(self, account: str, unique_id: str, authentication: Authentication | None = None) -> Principal:
        """The user with that unique id. Raises as `resolve` does."""
        return self._kept(account, unique_id, self._read_user, authentication)

    def role(self, account: str, role_id: str, authentication: Authentication) -> Principal:
        """A session of the role with that unique id. Raises as `resolve` does."""
        return self._kept(account, role_id, self._read_role, authentication)

    def _kept(
        self,
        account: str,
        unique_id: str,
        read: Callable[[str, str, int, Epochs], _Known],
        authentication: Authentication | None,
    ) -> Principal:
        seen = self._look.now()
        known = self._known.get(unique_id)
        if known is None or known.seen != seen or known.account != account:
            current = self._epochs_of(account, unique_id)
            if known is None or known.epochs != current or known.account != account:
                # Read after the epochs: what is newer than they say is read once more, never kept as older.
                known = read(account, unique_id, seen, current)
                self._known.put(unique_id, known)
            known.seen = seen
        return self._principal(known, authentication)

    def root(self, account: str, authentication: Authentication | None = None) -> Principal:
        """The root user of an account of this deployment. Raises InvalidClientTokenId."""
        seen = self._look.now()
        known = self._known.get(account)
        if known is not None and known.seen == seen:
            return self._principal(known, authentication)
        current = self._epochs_of(account, account)
        if known is None or known.epochs != current:
            with self._store.read() as reader:
                found = accounts.find(reader, account)
                if found is None or not found.open:
                    raise InvalidClientTokenId(_UNKNOWN)
                known = _Known(
                    seen,
                    current,
                    Caller(CallerKind.ROOT, found.root_arn(self._house), account, unique_id=account),
                    "root",
                    account,
                    self._layers.of_root(reader, account),
                    {},
                    tree.path(reader, found.node_id),
                )
            self._known.put(account, known)
        known.seen = seen
        return self._principal(known, authentication)

    def anonymous(self) -> Principal:
        """Nobody in particular: only resource policies speak of them (SEM-E22)."""
        return _ANONYMOUS if self.judge is None else self._anonymous_asking(self.judge)

    def current(self, principal: Principal) -> Principal:
        """`principal` as it is now, with the proof and the request it came with. Raises as `resolve` does.

        The host operator and the anonymous are as they were: nothing about them is stored.
        """
        proof = principal.authentication
        if proof is not None and proof.kind is CredentialKind.OPERATOR:
            return principal
        if proof is not None and proof.session is not None:
            self.require_held(proof)
            found = self.resolve(proof)
        elif principal.caller.kind is CallerKind.USER:
            found = self.user(principal.account, principal.caller.unique_id, proof)
        elif principal.caller.kind is CallerKind.ROOT:
            found = self.root(principal.account, proof)
        else:
            return principal
        return replace(found, judge=principal.judge)

    def find(self, account: str, name_or_arn: str, authentication: Authentication | None = None) -> Principal:
        """The principal that a person names at the command line: a user name, `root`, or the ARN of either.

        Raises NoSuchEntity, InvalidClientTokenId for a disabled user.
        """
        with self._store.read() as reader:
            found = accounts.get(reader, account)
            if name_or_arn in ("root", found.root_arn(self._house)):
                unique_id = account
            elif name_or_arn.startswith("arn:"):
                user = users.find(reader, account, name_or_arn.rsplit("/", 1)[-1])
                if user is None or user.arn != name_or_arn:
                    raise NoSuchEntity(f"there is no user `{name_or_arn[:200]}` in account `{account}`")
                unique_id = user.user_id
            else:
                unique_id = users.get(reader, account, name_or_arn).user_id
        if unique_id == account:
            return self.root(account, authentication)
        return self.user(account, unique_id, authentication)

    def _epochs_of(self, account: str, unique_id: str) -> Epochs:
        return self._store.epochs(
            (epochs.DEPLOYMENT, epochs.policies_of(account), epochs.principal(unique_id))
        )

    def _read_user(self, account: str, unique_id: str, seen: int, current: Epochs) -> _Known:
        with self._store.read() as reader:
            user = users.by_id(reader, unique_id)
            home = accounts.find(reader, account)
            if user is None or user.account != account or not user.enabled or home is None or not home.open:
                raise InvalidClientTokenId(_UNKNOWN)
            return _Known(
                seen,
                current,
                Caller(
                    CallerKind.USER,
                    user.arn,
                    account,
                    unique_id=unique_id,
                    bounded=user.boundary is not None,
                ),
                user.name,
                account,
                self._layers.of_user(reader, user),
                user.tags,
                tree.path(reader, home.node_id),
            )

    def _read_role(self, account: str, role_id: str, seen: int, current: Epochs) -> _Known:
        with self._store.read() as reader:
            role, home = roles.by_id(reader, role_id), accounts.find(reader, account)
            if role is None or role.account != account or home is None or not home.open:
                raise InvalidClientTokenId(_UNKNOWN)
            caller = Caller(
                CallerKind.ROLE_SESSION,
                account=account,
                issuer_arn=role.arn,
                unique_id=role_id,
                bounded=role.boundary is not None,
            )
            return _Known(
                seen,
                current,
                caller,
                role.name,
                account,
                self._layers.of_role(reader, role),
                role.tags,
                tree.path(reader, home.node_id),
            )

    def require_held(self, proof: Authentication) -> None:
        """Raise ExpiredToken for a temporary credential that has ended since it was shown.

        Warm: one look at the epochs. Whoever holds its principal for longer than a request is asked again.
        """
        if proof.expires_at is not None and self._house.now() >= proof.expires_at:
            raise ExpiredToken("the temporary credential has expired; get another")
        seen, known = self._look.now(), self._held.get(proof.credential_id)
        if known is not None and known[0] == seen:
            return
        current = self._store.epochs(() if proof.session is None else proof.session.depends_on)
        if known is None or known[1] != current:
            with self._store.read() as reader:
                held = temporary.holds(reader, proof)
            if not held:
                raise ExpiredToken("the temporary credential has ended; get another")
        self._held.put(proof.credential_id, (seen, current))

    def _principal(self, known: _Known, authentication: Authentication | None) -> Principal:
        if authentication is None or (authentication.session is None and not authentication.narrowed):
            # Nearly every request: as the user is.
            return principal_of(
                known.caller,
                known.name,
                known.account,
                known.layers,
                known.tags,
                known.org_path,
                authentication,
                self.judge,
                self._narrows,
            )
        whose = Bearer(known.caller, known.name, known.layers, known.tags)
        bearer = self._bearer(whose, authentication)
        return principal_of(
            bearer.caller,
            bearer.name,
            known.account,
            bearer.layers,
            bearer.tags,
            known.org_path,
            authentication,
            self.judge,
            self._narrows,
        )

    def _bearer(self, whose: Bearer, proof: Authentication) -> Bearer:
        """Whoever bears a credential of somebody's, the same objects each time: plans are found by them."""
        layers = whose.layers
        given = (*proof.session_policies, *proof.ceilings)
        key = (id(layers), given, "" if proof.session is None else proof.credential_id)
        kept = self._bearers.get(key)
        if kept is not None and kept[0] is layers:
            return kept[1]
        made = bearers.of(whose, proof, self._house.partition)
        if proof.narrowed:
            holder = Holder(HolderKind.USER, made.caller.unique_id, proof.account, made.name, made.caller.arn)
            with self._store.read() as reader:
                narrowed = self._layers.narrowed(reader, made.layers, proof, holder)
            made = replace(made, layers=narrowed)
        self._bearers.put(key, (layers, made))
        return made

    def _anonymous_asking(self, judge: Judge) -> Principal:
        return Principal(ANONYMOUS, "anonymous", "", _ANONYMOUS.layers, judge=judge)


def _by_key(proof: Authentication) -> bool:
    """Whether an access key is what a credential was got by in the first place."""
    if proof.session is None:
        return proof.kind is CredentialKind.ACCESS_KEY
    return any(credential.startswith("AKIA") for credential in proof.session.lineage[:1])
