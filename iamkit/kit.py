"""IAM: puts the rooms together. Holds no logic and no global state; two of them share nothing.

    iam = IAM("iamkit-data")                 # the directory that `iamkit init` made
    app = iam.wsgi(app)  /  iam.asgi(app)    # or `protect(app, iam)` of a framework module

Everything is made when it is first used, so that a command that needs little starts fast, and an app may
start before `iamkit init`: until then every request is answered 503.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, overload

from iamkit.audit.event import Origin
from iamkit.credentials.authentication import Authentication
from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError
from iamkit.gate import current
from iamkit.gate.current import acting, current_principal
from iamkit.gate.health import Health
from iamkit.gate.verdict import Verdict
from iamkit.gate.why import Told, why
from iamkit.identity.component import component
from iamkit.identity.operator import host_operator
from iamkit.identity.principal import Principal
from iamkit.management import first_start, workloads
from iamkit.management.desk import Desk
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue
from iamkit.tables import Tables
from iamkit.web import marker
from iamkit.web.templates import Template

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from iamkit.analysis.matrix import Matrix
    from iamkit.web.asgi import ASGIApp, ASGIMiddleware
    from iamkit.web.route_file import Routes
    from iamkit.web.wsgi import WSGIMiddleware

AppT = TypeVar("AppT")
RowT = TypeVar("RowT")
M = TypeVar("M")
Q = TypeVar("Q")


class IAM(Tables):
    """One deployment, opened. See the module; every argument beyond the directory is for those who need it.

    `store` (a store, or its URL) overrides the one that settings name; `clock` and `randomness` are for
    tests; `plugins` join those installed under the entry point `iamkit` (unless `entry_points` is False);
    `password_cost` is what hashing a password costs; further keyword arguments are settings, see
    `iamkit.settings.Settings`.
    """

    require = staticmethod(marker.require)
    public = staticmethod(marker.public)
    # Who the request belongs to, as a dependency: `Depends(iam.principal)`.
    principal = staticmethod(current.principal)

    # --- opening and closing --------------------------------------------------------------------

    def initialize(
        self,
        *,
        partition: str = "aws",
        account_id: str | None = None,
        account_name: str = "main",
        administrator: str = "administrator",
        administrator_path: str = "/",
        setup_link: bool = False,
        root: tuple[str, Secret] | None = None,
    ) -> first_start.FirstStart:
        """Make the directory, the key file, the tables, an account and its administrator (decision 29).

        The secret of the administrator's key is in the answer and nowhere else; so is, with `setup_link`, the
        token by which somebody becomes the root user, see `setup_url`. `root` is for starts that nobody sits
        by: its mail address and a first password, which it has to change. Raises PasswordPolicyViolation,
        EntityAlreadyExists on a store that is initialized already.
        """
        if root is not None:
            self._checked_root(*root)
        self._make_directory()
        made = first_start.first_start(
            store=self.store,
            sealer=self.keyring,
            trail=self.trail,
            house_of=self._house_of,
            partition=partition,
            account_id=account_id or self.ids.account_id(),
            account_name=account_name,
            administrator=administrator,
            administrator_path=administrator_path,
            system_user=_system_user(),
            setup_link=setup_link or root is not None,
        )
        if root is not None and made.setup is not None:
            self._set_up_root(made.setup, *root)
            made = replace(made, setup=None)
        return made

    def close(self) -> None:
        """Write what is queued and release files and connections."""
        # Only what was made is closed: a cached property stands in the instance's own dictionary.
        if "correspondence" in self.__dict__:
            self.outbox.close()
        if "background" in self.__dict__:
            self.background.close()
        if "decisions" in self.__dict__:
            self.decisions.close()
        if "store" in self.__dict__:
            self.store.close()

    @property
    def reopens(self) -> bool:
        """Whether directory and settings alone open the same deployment: no store was handed over."""
        return self._given_store is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- around an app --------------------------------------------------------------------------

    @overload
    def protect(self, app: AppT, *, public: Collection[str] = ()) -> AppT: ...

    @overload
    def protect(self, app: object, *, routes: Routes) -> WSGIMiddleware | ASGIMiddleware: ...

    def protect(self, app: object, *, public: Collection[str] = (), routes: Routes | None = None) -> object:
        """Guard an app of any framework that iamkit knows; or any WSGI or ASGI app behind a route table.

        Returns what is to be served: the app itself, or with `routes` (a TOML file, or a list) what stands
        before it. `public` opens what the framework adds by itself, `{"docs", "static"}`.
        """
        from iamkit.web.sniff import protect

        return protect(app, self, public=public, routes=routes)

    def wsgi(self, app: WSGIApplication, *, routes: Routes | None = None) -> WSGIMiddleware:
        """Guard a plain WSGI callable that carries a marker, or stands behind a route table."""
        from iamkit.web.wsgi import WSGIMiddleware

        if routes is not None:
            from iamkit.web.tabled import TabledWSGI

            return TabledWSGI(app, self, routes)
        return WSGIMiddleware(app, self)

    def asgi(self, app: ASGIApp, *, routes: Routes | None = None) -> ASGIMiddleware:
        """Guard a plain ASGI callable that carries a marker, or stands behind a route table."""
        from iamkit.web.asgi import ASGIMiddleware

        if routes is not None:
            from iamkit.web.tabled import TabledASGI

            return TabledASGI(app, self, routes)
        return ASGIMiddleware(app, self)

    # --- in code --------------------------------------------------------------------------------

    def check(
        self,
        action: str,
        resource: str = "*",
        *,
        principal: Principal | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Verdict:
        """Whether `principal` (default: the running request's) may do `action` on `resource`; recorded.

        `resource` is an ARN, `*`, or a short name of the action's service such as `doc/1`.
        """
        return self.gate.authorize(principal or current_principal(), action, resource, context=context)

    def check_many(
        self,
        questions: Iterable[tuple[str, str]],
        *,
        principal: Principal | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> tuple[Decision, ...]:
        """A decision for each (action, resource), in that order, each true when it allows.

        For menus and lists: the same engine as `check`, and nothing is recorded.
        """
        who = principal or current_principal()
        judge = who.judge or self.gate
        return tuple(judge.judge(who, action, resource, context or {}) for action, resource in questions)

    def named(self, template: str, **values: object) -> str:
        """The short name of a resource whose parts come from data: `iam.named("note/{id}", id=note.id)`.

        Values are escaped as those of routes are, so `a:b` is the same resource here and there.
        """
        return Template.parse(template).fill(values)

    def authorize(
        self,
        action: str,
        resource: str = "*",
        *,
        principal: Principal | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Verdict:
        """Like `check`, and raises AccessDenied when the answer is no."""
        verdict = self.check(action, resource, principal=principal, context=context)
        if not verdict.allowed:
            raise verdict.denial(f"`{action}` on `{verdict.resource}` is not allowed")
        return verdict

    def matrix(self, app: object, principals: Sequence[str] = ()) -> Matrix:
        """Routes × principals of an app, to keep as a snapshot: `assert str(iam.matrix(app)) == …`.

        `principals` are ARNs, by default every group, role and user of the home account. Raises
        ConfigurationError for what is no app whose routes can be listed.
        """
        from iamkit.management.matrix import matrix
        from iamkit.web.routes import line_of
        from iamkit.web.sniff import guarded

        routes = self._hooks.hook.iamkit_routes(app=app)
        if routes is None:
            raise ConfigurationError(f"`{type(app).__qualname__}` is no app whose routes can be listed")
        lines = [line_of(route, guarded=guarded(app)) for route in routes]
        deployment = self.deployment()
        return matrix(
            self.desk(self.operator()),
            lines,
            partition=deployment.partition,
            account=deployment.home_account,
            arns=principals,
        )

    def acting(self, principal: Principal) -> AbstractContextManager[Principal]:
        """Make `principal` the current one for a block, such as a background job."""
        return acting(principal)

    def find_principal(self, name_or_arn: str, authentication: Authentication | None = None) -> Principal:
        """A principal of the home account by user name or ARN. Raises NoSuchEntity."""
        return self.principals.find(self.deployment().home_account, name_or_arn, authentication)

    def operator(self) -> Principal:
        """The host operator: whoever can read the deployment's key file (decision 30)."""
        # Opening the keyring is the proof.
        self.keyring  # noqa: B018
        deployment = self.deployment()
        return host_operator(
            partition=deployment.partition,
            account=deployment.home_account,
            system_user=_system_user(),
            judge=self.gate,
        )

    def component(self, name: str) -> Principal:
        """A part of the app, such as `jobs.myapp`, which roles trust as a `Service`.

        Raises ValidationError for what can be no such name.
        """
        # Opening the keyring is the proof, as of the operator.
        self.keyring  # noqa: B018
        account = self.deployment().home_account
        return component(name=name, account=account, system_user=_system_user(), judge=self.gate)

    def role_session(self, role_arn: str, *, component: str, name: str) -> Principal:
        """A session of a role for a part of the app: `with iam.acting(iam.role_session(…)):` runs a job.

        The role's trust policy names the part as a `Service`. Raises AccessDenied, ValidationError.
        """
        made = workloads.assumed(self.desk(self.component(component)), role_arn, name)
        return workloads.bearer_of(made.credentials, self.store, self.principals)

    def pass_role(self, role_arn: str, *, to: str, principal: Principal | None = None) -> Verdict:
        """Ask `iam:PassRole`: may whoever starts a job let the part of the app `to` be that role? Recorded.

        Raises AccessDenied when the answer is no.
        """
        context: dict[str, ContextValue] = {"iam:PassedToService": to}
        return self.authorize("iam:PassRole", role_arn, principal=principal, context=context)

    def desk(self, principal: Principal, *, origin: Origin | None = None) -> Desk:
        """Where management operations are done for `principal`, each authorised and recorded.

        `origin` is where the call came from; by default it is told by the request that `principal` came with.
        """
        where = origin or self._origin_of(principal)
        return Desk(self.store, self.gate, self.trail, self.house, self.services, principal, origin=where)

    @property
    def health(self) -> Health:
        """Whether this process can answer requests now, with details for operators. Never raises."""
        return self.gate.health()

    def why(self, decision_id: str) -> Told:
        """Explain a recorded decision, from the policies as they were then. Raises NoSuchEntity."""
        self.decisions.flush()
        return why(self.store, decision_id, options=self._options)


def _system_user() -> str:
    # By the process's real user id: the environment can say anything.
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
