"""Doors: how people come in and go out, and the cookies that carry that to a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iamkit.audit.event import Origin
from iamkit.builtin.sessions import cookie_name, known_device_cookie, set_cookie
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionKind
from iamkit.credentials.sources import SprayWatch
from iamkit.gate import cross_site, csrf
from iamkit.gate.asking import csrf_token, request_of, request_served
from iamkit.gate.claim import Claims
from iamkit.gate.current import current_principal
from iamkit.gate.factors import Factors
from iamkit.gate.link_holders import LinkHolders
from iamkit.gate.next_page import next_page
from iamkit.gate.origin import Proxies
from iamkit.gate.outbox import Outbox
from iamkit.gate.pace import Pace
from iamkit.gate.password_change import PasswordChange
from iamkit.gate.recovery import Recovery
from iamkit.gate.sign_in import SignIn
from iamkit.identity.principal import Principal
from iamkit.late import made_once
from iamkit.wiring import Wiring

if TYPE_CHECKING:
    from iamkit.gate.ssh_sign_in import SshSignIn

# A failed sign-in takes a multiple of this, in seconds: longer than a hash takes on a machine that is not
# overrun. With a cost that hides nothing anyway, as in tests, it waits for nothing.
_BEAT: Final = 0.25
_REAL_MEMORY: Final = 1024
_LONGEST_AGENT: Final = 256


class Doors(Wiring):
    """See the module; `factors` has the second step of a sign-in."""

    def sign_in(
        self,
        name: str,
        password: str,
        *,
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.COOKIE,
        device: str | None = None,
    ) -> NewSession:
        """Start a session for a user who knows the password. Raises InvalidCredentials, Throttling.

        `source` is the caller's address, by which attempts are limited too; `device` the browser's device
        cookie, by which its owner gets in even while strangers guess. A session by cookie is refused, with
        AccessDenied, to another site's form.

        Takes tens of milliseconds on purpose: not for an event loop's own thread.
        """
        self._check_sign_in(kind)
        where = account or self.deployment().home_account
        return self._sign_in.sign_in(
            where, name, password, source=source, user_agent=user_agent, kind=kind, device=device
        )

    def choose_password(
        self, token: str | Secret, new: str, *, source: str | None = None, user_agent: str = ""
    ) -> NewSession:
        """Choose the new password that a pending session awaits. Raises ExpiredToken and others."""
        return self._password_change.choose_password(plain(token), new, source=source, user_agent=user_agent)

    def sign_out(self, token: str | Secret) -> None:
        """End the session of `token` (the cookie's value, or a bearer token), if there is one."""
        self._sign_in.sign_out(plain(token))

    def change_password(
        self,
        name: str,
        old: str,
        new: str,
        *,
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
    ) -> None:
        """Choose a new password where the present one must be changed: a pending session can do nothing else.

        Ends all the user's sessions. A user who changes it by choice does the operation `iam:ChangePassword`.
        Raises InvalidCredentials, PasswordPolicyViolation, Throttling.
        """
        where = account or self.deployment().home_account
        self._password_change.change_password(
            where, name, old, new, source=source, user_agent=user_agent, only_if_required=True
        )

    @property
    def recovery(self) -> Recovery:
        """Forgotten passwords: `request` a link, `finish` by it."""
        return self.correspondence.recovery

    @property
    def links(self) -> LinkHolders:
        """What other links are good for: `accept` an invitation, `confirm` an address."""
        return self.correspondence.links

    @property
    def outbox(self) -> Outbox:
        """What waits to be sent."""
        return self.correspondence.outbox

    @property
    def cookie_name(self) -> str:
        """The name of the session cookie: `__Host-iamkit`, or `iamkit` in development."""
        return cookie_name(development=self.settings.development)

    def session_cookie(self, session: NewSession | None) -> str:
        """The Set-Cookie value that carries a session to a browser; with None, the one that takes it away."""
        return set_cookie(session, now=self.clock.now(), development=self.settings.development)

    def csrf_token(self) -> str:
        """The token for the header `X-CSRF-Token`, for pages drawn in the running request (THR-S5).

        Only browsers that send neither `Origin` nor `Sec-Fetch-Site` need it; empty without session cookie.
        """
        return csrf_token(current_principal(), self.gate.manners, self.ids)

    def csrf_field(self) -> str:
        """The same as a hidden field: `{{ iam.csrf_field() }}` in a form of a template."""
        return csrf.field(self.csrf_token())

    def next_page(self, text: str | None, default: str = "/") -> str:
        """Where to send somebody who signed in: `text` if it is a page of this site, else `default`."""
        return next_page(text, hosts=self.settings.hosts) or default

    @property
    def device_cookie_name(self) -> str:
        """The name of the cookie by which a browser is known again; it proves nothing."""
        return f"{self.cookie_name}-device"

    def device_cookie(self, session: NewSession) -> str | None:
        """The Set-Cookie value for a browser that was not known, to send beside the session's; else None."""
        return known_device_cookie(session, development=self.settings.development)

    def _origin_of(self, principal: Principal) -> Origin:
        """Where the request came from that a principal was admitted with."""
        request = request_of(principal)
        if request is None:
            return Origin()
        source = Proxies(self.settings.proxy_networks).source_ip(request)
        return Origin(source or "unknown", request.headers.get("user-agent", "")[:_LONGEST_AGENT])

    # --- the rooms behind them -------------------------------------------------------------------

    def _check_sign_in(self, kind: SessionKind) -> None:
        """A session by cookie does not begin by another site's form. Raises AccessDenied."""
        served = request_served()
        if kind is SessionKind.COOKIE and served is not None:
            cross_site.check_sign_in(served, self.gate.manners)

    @made_once
    def _sign_in(self) -> SignIn:
        return SignIn(
            store=self.store,
            claims=self._claims,
            hasher=self._hasher,
            throttle=self._throttle,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            new_passwords=self.passwords,
        )

    @made_once
    def _password_change(self) -> PasswordChange:
        return PasswordChange(
            store=self.store,
            claims=self._claims,
            throttle=self._throttle,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            new_passwords=self.passwords,
        )

    @made_once
    def _claims(self) -> Claims:
        return Claims(
            store=self.store,
            hasher=self._hasher,
            throttle=self._throttle,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            home_account=lambda: self.deployment().home_account,
            spray=SprayWatch(self.ids, self.clock),
            pace=self._pace,
        )

    @made_once
    def _pace(self) -> Pace:
        return Pace(_BEAT if self._password_cost.memory_kib >= _REAL_MEMORY else 0)

    @made_once
    def factors(self) -> Factors:
        """Second factors: the rest of a sign-in, and fresher ones in a session that lives."""
        return Factors(
            store=self.store,
            sealer=self.keyring,
            methods=self._mfa_methods,
            letters=self.correspondence.letters,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            mark=self._hasher.mark,
            home_account=lambda: self.deployment().home_account,
            pace=self._pace,
        )

    @made_once
    def ssh_sign_in(self) -> SshSignIn:
        """Signing in with an SSH key: `begin` gives what to sign, `finish` takes the signature."""
        from iamkit.gate.ssh_sign_in import SshSignIn

        return SshSignIn(
            store=self.store,
            sealer=self.keyring,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            pace=self._pace,
            deployment_id=lambda: self.deployment().deployment_id,
            home_account=lambda: self.deployment().home_account,
        )


def plain(token: str | Secret) -> str:
    """The text of a token, however it came."""
    return token.reveal() if isinstance(token, Secret) else token
