"""The root user's doors: set-up, sign-in, recovery, and the addresses where an account signs in."""

from __future__ import annotations

from datetime import timedelta

from iamkit.audit.event import CRITICAL, Event
from iamkit.credentials import mail_address, passwords
from iamkit.credentials.links import Purpose
from iamkit.credentials.password_rules import check_password, profile_named
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionKind
from iamkit.doors import Doors, plain
from iamkit.gate.root_recovery import RootRecovery
from iamkit.gate.root_setup import RootSetup
from iamkit.gate.root_watch import RootWatch
from iamkit.identity import accounts
from iamkit.identity.accounts import Account
from iamkit.late import made_once


class RootDoors(Doors):
    """See the module."""

    def sign_in_root(
        self,
        email: str,
        password: str,
        *,
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.COOKIE,
        device: str | None = None,
    ) -> NewSession:
        """Start a session for an account's root user, by its mail address. As `sign_in`, as silent.

        Without a second factor the session reaches nothing but the enrolment of one: management operations
        of `iamkit.management.mfa` and `.mfa_enrolment` without `user_name`.
        """
        self._check_sign_in(kind)
        where = account or self.deployment().home_account
        return self._sign_in.sign_in(
            where,
            email,
            password,
            source=source,
            user_agent=user_agent,
            kind=kind,
            device=device,
            as_root=True,
        )

    def claim_setup(
        self,
        token: str | Secret,
        email: str,
        password: str,
        *,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.COOKIE,
    ) -> NewSession:
        """Become the root user by a set-up link: an address, a password, and a session to enrol a factor in.

        Raises ExpiredToken; with the link left good, ValidationError, PasswordPolicyViolation, Throttling.
        """
        self._check_sign_in(kind)
        return self._root_setup.claim(
            plain(token), email, password, source=source, user_agent=user_agent, kind=kind
        )

    def _checked_root(self, email: str, password: Secret) -> None:
        """What can be said of a root user's address and password before there is an account."""
        mail_address.checked(email)
        check_password(
            password.reveal(),
            rules=profile_named(self.settings.password_profile),
            own_words=(email, email.partition("@")[0]),
            lists=self._password_lists,
        )

    def _set_up_root(self, token: Secret, email: str, password: Secret) -> None:
        """Claim a set-up link where nobody sits; the password is to be changed by whoever comes (THR-X3)."""
        self._root_setup.claim(token.reveal(), email, password.reveal(), kind=SessionKind.BEARER)
        with self.store.write() as unit:
            passwords.require_change(unit, self.deployment().home_account)

    def setup_url(self, token: Secret) -> Secret:
        """The address of a set-up link's page: `LINK_BASE/setup?token=…`; without that setting, the token."""
        return self.correspondence.letters.url(Purpose.SETUP, token)

    def begin_root_recovery(
        self,
        email: str,
        *,
        lost: str = "password",
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
    ) -> None:
        """Ask for a link to the root user's address, because a `password` or a second `factor` was lost.

        Says nothing, whoever is named. By the link for a password, `recovery.finish` replaces it and no more;
        by that for a factor, `root_recovery` goes on. Raises as `recovery.request`.
        """
        self.recovery.request_root(email, lost=lost, account=account, source=source, user_agent=user_agent)

    @made_once
    def root_recovery(self) -> RootRecovery:
        """A root user's lost second factor: `proofs`, `begin_proof`, `prove` by the link, then `finish`."""
        return RootRecovery(
            store=self.store,
            sealer=self.keyring,
            methods=self._mfa_methods,
            letters=self.correspondence.letters,
            new_passwords=self.passwords,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
            wait=timedelta(hours=self.settings.root_recovery_hours),
        )

    def account_named(self, id_or_alias: str) -> Account:
        """The account of a sign-in page's address. Raises NoSuchEntity, also for an alias it had once."""
        with self.store.read() as reader:
            return accounts.signing_in(reader, id_or_alias)

    def sign_in_url(self, account: str | None = None) -> str:
        """Where people sign in to an account: `…/sign-in/ALIAS`, or its id where it has no alias (CAP-A5).

        Below `link_base`; without that setting, the path below `sign_in_path` or `/sign-in`.
        """
        found = self.account_named(account or self.deployment().home_account)
        base = self.settings.link_base.rstrip("/")
        place = f"{base}/sign-in" if base else self.settings.sign_in_path or "/sign-in"
        return f"{place.rstrip('/')}/{found.alias or found.account_id}"

    @made_once
    def _root_setup(self) -> RootSetup:
        return RootSetup(
            store=self.store,
            letters=self.correspondence.letters,
            new_passwords=self.passwords,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
        )

    def _announce(self, event: Event) -> None:
        # First those who keep a copy, then the mail.
        super()._announce(event)
        if event.severity == CRITICAL:
            self._root_watch.see(event)

    @made_once
    def _root_watch(self) -> RootWatch:
        return RootWatch(self.store, self.correspondence.letters)
