"""A visit: one request to the pages with everything that a step of theirs asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from iamkit.audit.event import Origin
from iamkit.credentials import sessions
from iamkit.credentials.sessions import NewSession, SessionRecord
from iamkit.errors import InputError
from iamkit.gate.next_page import next_page
from iamkit.gate.origin import Proxies
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management.operation import Operation
from iamkit.policy.request import CallerKind
from iamkit_pages import cookies
from iamkit_pages.place import Place
from iamkit_pages.words import Language

P = ParamSpec("P")
R = TypeVar("R")

_PEOPLE = (CallerKind.USER, CallerKind.ROOT)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `fields` are those of the form or the JSON that was sent, `query` those of the address."""

    place: Place
    request: HttpRequest
    principal: Principal
    words: Language
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def iam(self) -> IAM:
        """The deployment."""
        return self.place.iam

    # --- what was sent ----------------------------------------------------------------------------

    def said(self, name: str) -> str:
        """A field, empty if it was not sent."""
        return self.fields.get(name, "")

    def needed(self, name: str) -> str:
        """A field. Raises InputError if it was not sent or is empty."""
        found = self.fields.get(name, "")
        if not found:
            raise InputError(f"`{name}` is missing")
        return found

    def answer(self) -> dict[str, str]:
        """What was answered to a factor: the fields `answer.…`, and the one that the script fills in."""
        found = {
            name.removeprefix("answer."): value.strip()
            for name, value in self.fields.items()
            if name.startswith("answer.")
        }
        return {**found, "credential": self.fields["credential"]} if "credential" in self.fields else found

    @property
    def next(self) -> str:
        """The page to go on to, if one of this site's was named; else empty."""
        named = self.fields.get("next") or self.query.get("next")
        return next_page(named, hosts=self.iam.settings.hosts) or ""

    # --- who sent it ------------------------------------------------------------------------------

    @property
    def signed_in(self) -> bool:
        """Whether a person with a whole session sent it: a pending one makes nobody of its bearer."""
        return self.principal.caller.kind in _PEOPLE

    @property
    def is_root(self) -> bool:
        """Whether it is an account's root user who asks."""
        return self.principal.caller.kind is CallerKind.ROOT

    @property
    def token(self) -> str:
        """The session cookie as it was sent, of a pending session too; empty if there is none."""
        return cookies.value_of(self.request, self.iam.cookie_name)

    @property
    def session(self) -> SessionRecord | None:
        """The session behind the cookie, a pending one too, if it still holds."""
        with self.iam.store.read() as reader:
            return sessions.of_token(reader, self.token, now=self.iam.clock.now())

    @property
    def source(self) -> str | None:
        """The caller's address, as policies see it."""
        return Proxies(self.iam.settings.proxy_networks).source_ip(self.request)

    @property
    def user_agent(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("user-agent", "")

    @property
    def device(self) -> str | None:
        """What the browser kept of an earlier sign-in."""
        return cookies.value_of(self.request, self.iam.device_cookie_name) or None

    # --- what is done for it ----------------------------------------------------------------------

    def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Have a management operation done in the caller's name. Raises what it raises."""
        origin = Origin(self.source or "unknown", self.user_agent)
        return self.iam.desk(self.principal, origin=origin).do(operation, *args, **kwargs)

    def may(self, *actions: str) -> bool:
        """Whether the caller may do all of it with itself; for what is drawn, never instead of asking."""
        asked = [(action, self.principal.arn) for action in actions]
        return all(self.iam.check_many(asked, principal=self.principal))

    def cookies_for(self, session: NewSession | None) -> tuple[str, ...]:
        """The cookies that carry a session to the browser; with None, what takes it away."""
        device = None if session is None else self.iam.device_cookie(session)
        return (self.iam.session_cookie(session), *(() if device is None else (device,)))
