"""Actors: users of a test's deployment, with real sessions, and clients of the app that send them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from iamkit.credentials import sessions
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.sessions import NewSession, SessionKind
from iamkit.errors import NoSuchEntity
from iamkit.identity.principal import Principal
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import groups, inline, tags, users
from iamkit.management.desk import Desk
from iamkit.testing.clients import carry, client_of
from iamkit.testing.stand_in import iam_of, standing_in

POLICY: Final = "iam_as"

# An action (on every resource), an action with a resource, or a whole statement.
Grant = str | tuple[str, str] | Mapping[str, Any]


class Actors:
    """`iam_as`. Called with a name it gives a client of the app whose requests are that user's.

    While it is open, `iam` stands in for the IAM that guards the app.
    """

    def __init__(self, iam: IAM, app: Any = None, guarding: IAM | None = None) -> None:
        self._iam = iam
        self._app = app
        self._guarding = guarding
        self._stood_for: list[IAM] = []
        self._sessions: dict[str, NewSession] = {}
        self._proofs: dict[str, Authentication] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._guarding is not None:
            self.stand_in(self._guarding)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def stand_in(self, guarding: IAM) -> None:
        """Let the test's deployment stand in for this IAM too, until the test ends."""
        if guarding is not self._iam and not any(guarding is one for one in self._stood_for):
            self._open.enter_context(standing_in(guarding, self._iam))
            self._stood_for.append(guarding)

    def __call__(
        self,
        name: str | None,
        *,
        allow: Sequence[Grant] | None = None,
        deny: Sequence[Grant] | None = None,
        mfa: bool | timedelta = False,
        tags: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        app: Any = None,
        client: Any = None,
        cookie: bool = False,
    ) -> Any:
        """A client of the app (default: `iam_app`) that is signed in as `name`; None is nobody.

        The user is made if there is none. `allow` and `deny` replace what earlier calls gave; `mfa` is
        whether a second factor was shown, or how long ago. `client` is one of your own, which is
        returned; `cookie` carries the session as a browser does, not as a bearer token.
        """
        app = self._app if app is None else app
        if app is not None and self._guarding is None:
            self.stand_in(iam_of(app))
        made = client_of(app) if client is None else client
        if name is None:
            return made
        session = self._session(name, allow, deny, mfa, tags, groups, cookie=cookie)
        return carry(made, session.token, self._iam.cookie_name if cookie else None)

    def headers(
        self,
        name: str,
        *,
        allow: Sequence[Grant] | None = None,
        deny: Sequence[Grant] | None = None,
        mfa: bool | timedelta = False,
        tags: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
    ) -> dict[str, str]:
        """The header that makes a request of any client `name`'s."""
        session = self._session(name, allow, deny, mfa, tags, groups, cookie=False)
        return {"Authorization": f"Bearer {session.token.reveal()}"}

    def principal(self, who: str | Principal) -> Principal:
        """The principal as it is now; a name is who `iam_as` signed in last under it. Raises NoSuchEntity."""
        if isinstance(who, Principal):
            return self._iam.principals.current(who)
        proof = self._proofs.get(who)
        return self._iam.find_principal(who) if proof is None else self._iam.principals.resolve(proof)

    def _session(
        self,
        name: str,
        allow: Sequence[Grant] | None,
        deny: Sequence[Grant] | None,
        mfa: bool | timedelta,
        tag_pairs: Mapping[str, str] | None,
        group_names: Sequence[str],
        *,
        cookie: bool,
    ) -> NewSession:
        user = self._user(name, allow, deny, tag_pairs, group_names)
        now = self._iam.clock.now()
        shown = now - mfa if isinstance(mfa, timedelta) else (now if mfa else None)
        factors = ("password",) if shown is None else ("password", "totp")
        with self._iam.store.write() as unit:
            session = sessions.start(
                unit,
                self._iam.ids,
                account=user.account,
                user_id=user.user_id,
                kind=SessionKind.COOKIE if cookie else SessionKind.BEARER,
                factors=factors,
                limits=sessions.MODERN,
                now=now,
                mfa_at=shown,
            )
        self._proofs[name] = Authentication(
            user.account,
            user.user_id,
            CredentialKind.SESSION,
            session.public_id,
            issued_at=now,
            expires_at=session.expires_at,
            mfa_at=shown,
            factors=factors,
            by_cookie=cookie,
        )
        return session

    def _user(
        self,
        name: str,
        allow: Sequence[Grant] | None,
        deny: Sequence[Grant] | None,
        tag_pairs: Mapping[str, str] | None,
        group_names: Sequence[str],
    ) -> User:
        desk = self._iam.desk(self._iam.operator())
        try:
            user = desk.do(users.get_user, user_name=name)
        except NoSuchEntity:
            user = desk.do(users.create_user, user_name=name)
        if tag_pairs:
            desk.do(tags.tag_user, user_name=name, tags=tag_pairs)
        for group in group_names:
            self._join(desk, name, group)
        if allow is not None or deny is not None:
            self._grant(desk, user, allow or (), deny or ())
        return user

    def _join(self, desk: Desk, name: str, group: str) -> None:
        try:
            desk.do(groups.get_group, group_name=group)
        except NoSuchEntity:
            desk.do(groups.create_group, group_name=group)
        desk.do(groups.add_user_to_group, group_name=group, user_name=name)

    def _grant(self, desk: Desk, user: User, allow: Sequence[Grant], deny: Sequence[Grant]) -> None:
        statements = [
            self._statement(user, effect, grant)
            for effect, grants in (("Allow", allow), ("Deny", deny))
            for grant in ((grants,) if isinstance(grants, str) else grants)
        ]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            desk.do(inline.put_user_policy, user_name=user.name, policy_name=POLICY, policy_document=document)
        elif POLICY in desk.do(inline.list_user_policies, user_name=user.name).items:
            desk.do(inline.delete_user_policy, user_name=user.name, policy_name=POLICY)

    def _statement(self, user: User, effect: str, grant: Grant) -> Mapping[str, Any]:
        if isinstance(grant, Mapping):
            named = grant.get("Resource", "*")
            action = grant.get("Action", "")
            first = action if isinstance(action, str) else next(iter(action), "")
            if "NotResource" in grant or not isinstance(named, str):
                return {"Effect": effect, **grant}
            return {"Effect": effect, **grant, "Resource": self._arn(user, first, named)}
        action, resource = (grant, "*") if isinstance(grant, str) else grant
        return {"Effect": effect, "Action": action, "Resource": self._arn(user, action, resource)}

    def _arn(self, user: User, action: str, resource: str) -> str:
        """A short name of the action's service as an ARN."""
        if resource == "*" or resource.startswith("arn:"):
            return resource
        partition = self._iam.deployment().partition
        return f"arn:{partition}:{action.partition(':')[0]}::{user.account}:{resource}"
