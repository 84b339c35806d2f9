"""The canaries of signing in: what is made, sent, carried and spent between a password and a session.

A chapter of the story that `test_canary.py` tells: seeds of authenticator apps and hardware tokens, recovery
codes, the links of mails, the set-up link, personal tokens, codes that are sent, tokens of sign-ins that are
not complete, root passwords. Each is used well, badly, in the wrong place and with a store that fails.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from iamkit.client.signer import Signer
from iamkit.credentials import otp, wording
from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, MfaMethod, MfaServices, Proof
from iamkit.credentials.secret import Secret
from iamkit.errors import AuthenticationError
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity import accounts
from iamkit.management import (
    assume_role,
    hardware_mfa,
    invitations,
    login_profiles,
    mail_addresses,
    mfa,
    mfa_enrolment,
    roles,
    root,
    session_tokens,
    tokens,
    users,
)

LINK_BASE: Final = "https://app.example/account"
OWNER: Final = "owner@app.example"
ROOT_FIRST: Final = "eleven slow trains pass by"
ROOT_SECOND: Final = "twelve old lamps burn low"
CEDRIC: Final = "thirteen small bells ring"
CEDRIC_NEXT: Final = "fourteen white doves land"
INVITED: Final = "fifteen grey stones roll"
SENT: Final = "a-code-that-is-sent-0123456789"
WRONG: Final = "sixteen wrong keys turn"
HARDWARE: Final = bytes(range(100, 120))


class Letter:
    """A second factor whose code is sent, long enough to be looked for."""

    name = "letter"

    def begin(self, asking: Asking) -> Begun | None:
        message = Message(
            kind=Kind.SIGN_IN_CODE,
            channel=Channel.EMAIL,
            address="cedric@app.example",
            account=asking.subject.account,
            good_until=asking.now + timedelta(minutes=5),
            values={"user": asking.subject.name, "account": "main", "minutes": "5"},
            secret=Secret(SENT),
        )
        return Begun({"sent": "to c…@app.example"}, SENT.encode(), tries=3, message=message)

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        right = kept is not None and answer.get("code", "").encode() == kept
        return Proof(asking.devices[0].serial, lambda unit: True) if right else None

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        return self.begin(asking)

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        return Enrolled("mfa/letter", "letter") if answer.get("code", "").encode() == kept else None


class Post:
    """A plugin with that factor, which takes every message and remembers the secrets of them."""

    def __init__(self, story: Any) -> None:  # test_canary's
        self._story = story
        self.secrets: list[tuple[Kind, str]] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool | None:
        text = wording.written(message)
        self._story.keep("a message", f"{message!r} {message} {text!r} {text.subject}")
        if message.secret is not None:
            plain = message.secret.reveal()
            secret = plain.partition("token=")[2] or plain
            self._story.search.secret(f"what {message.kind} has in it", secret)
            self.secrets.append((message.kind, secret))
        return True

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        self._story.keep("what methods are made of", repr(services))
        return (Letter(),)


class Chapter:
    """Told on a `Play` of test_canary: its desk, its store, its way to look and to fail."""

    def __init__(self, play: Any, post: Post, setup: Secret) -> None:  # test_canary's
        self.play, self.story, self.iam, self.desk = play, play.story, play.iam, play.desk
        self.post = post
        self.setup = setup
        # Everything that is secret here, to be put where it does not belong.
        self.loose: list[str] = []
        for name, value in {
            "root's first password": ROOT_FIRST,
            "root's second password": ROOT_SECOND,
            "cedric's password": CEDRIC,
            "cedric's next password": CEDRIC_NEXT,
            "the invited one's password": INVITED,
            "a wrong one": WRONG,
            "a code that is sent": SENT,
        }.items():
            self.secret(name, value)
        self.secret("the set-up link", setup.reveal())

    def tell(self) -> None:
        """The chapter, but for failing stores."""
        self.root()
        self.links()
        self.factors()
        self.personal_tokens()
        self.temporary()
        self.lost()
        self.misplaced()

    def secret(self, name: str, value: str | bytes) -> None:
        self.story.search.secret(name, value)
        if isinstance(value, str):
            self.loose.append(value)

    def kept(self, name: str, made: Any) -> Any:  # whatever was made
        """What came back, as a debugger would show it."""
        self.story.keep(name, f"{made!r} {made}")
        token = getattr(made, "token", None)
        if isinstance(token, Secret):
            self.secret(name, token.reveal())
        device = getattr(made, "device", None)
        if isinstance(device, Secret):
            self.secret(f"{name}'s browser", device.reveal())
        return made

    def mailed(self) -> str:
        """The secret of the message that was sent last."""
        self.iam.outbox.flush()
        secret = self.post.secrets[-1][1]
        self.loose.append(secret)
        return secret

    def wrong(self, step: Callable[[], object]) -> None:
        """Something that is refused."""
        with self.story.failing():
            self.kept("what should have failed", step())

    # --- the steps ---------------------------------------------------------------------------

    def root(self) -> None:
        """Set up, enrolled, signed in, and the factor shown."""
        iam = self.iam
        self.wrong(lambda: iam.claim_setup(self.setup, OWNER, "short"))
        self.wrong(lambda: iam.claim_setup(self.setup, ROOT_SECOND, ROOT_FIRST))
        session = self.kept("root's session", iam.claim_setup(self.setup, OWNER, ROOT_FIRST))
        self.wrong(lambda: iam.claim_setup(self.setup, OWNER, ROOT_SECOND))
        iam.links.confirm(self.mailed())
        iam.sign_out(session.token)
        session = self.kept("root's session", iam.sign_in_root(OWNER, ROOT_FIRST))
        self.wrong(lambda: iam.sign_in_root(OWNER, WRONG))
        self.wrong(lambda: iam.sign_in_root(ROOT_SECOND, ROOT_FIRST))
        home = iam.deployment().home_account
        proof = iam.principals.root(home)
        self.story.keep("root", repr(proof))
        with iam.store.read() as reader:
            self.story.keep("the account", repr(accounts.get(reader, home)))

    def links(self) -> None:
        """A user who is invited, one whose address is verified and changed, a password that is forgotten."""
        desk, iam = self.desk, self.iam
        desk.do(invitations.invite_user, user_name="dora", email="dora@app.example")
        token = self.mailed()
        self.wrong(lambda: iam.links.accept(token, "short"))
        iam.links.accept(token, INVITED)
        self.wrong(lambda: iam.links.accept(token, INVITED))
        desk.do(users.create_user, user_name="cedric")
        desk.do(login_profiles.create_login_profile, user_name="cedric", password=Secret(CEDRIC))
        desk.do(mail_addresses.change_user_email, user_name="cedric", email="cedric@app.example")
        iam.links.confirm(self.mailed())
        self.wrong(lambda: iam.links.confirm(self.post.secrets[-1][1]))
        iam.recovery.request("cedric")
        token = self.mailed()
        self.wrong(lambda: iam.recovery.finish(token, "short"))
        iam.recovery.finish(token, CEDRIC_NEXT)
        iam.recovery.request("nobody")
        iam.recovery.request(WRONG)
        iam.outbox.flush()

    def factors(self) -> None:
        """An app, a hardware token, a code that is sent, codes on paper; and sign-ins that wait for them."""
        desk, iam = self.desk, self.iam
        made = self.kept("an app", desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="cedric"))
        seed = otp.seed_of(made.base32_seed.reveal())
        self.secret("a seed as text", made.base32_seed.reveal())
        self.secret("a seed", seed)
        self.secret("an address with a seed", made.uri.reveal())
        self.secret("a hardware seed", HARDWARE)
        for content in (f"serial,seed\nT1,{HARDWARE.hex()}\n", f"T2,{HARDWARE.hex()},totp,x\n", WRONG):
            self.wrong(partial(desk.do, hardware_mfa.import_mfa_devices, content=Secret(content)))
        step = otp.step_at(iam.clock.now())
        first, second = (Secret(otp.code_at(seed, step + ahead)) for ahead in (-2, -1))
        self.wrong(lambda: self._enable(made.serial_number, second, first))
        self._enable(made.serial_number, first, second)
        codes = self.kept("codes", desk.do(mfa_enrolment.create_recovery_codes, user_name="cedric")).codes
        for code in codes:
            self.secret("a recovery code", code.reveal())
        pending = self.kept("a pending session", iam.sign_in("cedric", CEDRIC_NEXT))
        token = pending.token.reveal()
        for method, answer in self._wrong_answers(codes[0].reveal()):
            self.wrong(partial(iam.factors.finish, token, method, answer))
        live = self.kept("a session", iam.factors.finish(token, "recovery", {"code": codes[0].reveal()}))
        # The code that is sent, enrolled and shown.
        enrol: dict[str, Any] = {"user_name": "cedric", "method": "letter"}
        self.kept("a beginning", desk.do(mfa_enrolment.begin_mfa_enrollment, **enrol))
        self.mailed()
        desk.do(mfa_enrolment.finish_mfa_enrollment, answer=Secret(f'{{"code": "{SENT}"}}'), **enrol)
        self.story.keep("shown", repr(iam.factors.begin(live.token.reveal(), "letter")))
        self.mailed()
        self.kept("a session", iam.factors.finish(live.token.reveal(), "letter", {"code": SENT}))

    def personal_tokens(self) -> None:
        """Made, made anew, and made where nobody may."""
        desk = self.desk
        made = self.kept(
            "a personal token", desk.do(tokens.create_personal_token, user_name="cedric", name="script")
        )
        again = desk.do(tokens.reset_personal_token, user_name="cedric", token_id=made.face.token_id)
        self.kept("a personal token", again)
        self.wrong(lambda: desk.do(tokens.create_personal_token, user_name="nobody", name="script"))

    def temporary(self) -> None:
        """Credentials of the user, narrowed ones, ones of a role: sent well, and with another's parts."""
        iam = self.iam
        cedric = iam.find_principal("cedric")
        desk = iam.desk(cedric)
        trust = {"Effect": "Allow", "Principal": {"AWS": cedric.arn}, "Action": "sts:AssumeRole"}
        text = json.dumps({"Version": "2012-10-17", "Statement": trust})
        made = self.desk.do(roles.create_role, role_name="canary", assume_role_policy_document=text)
        got = [
            desk.do(session_tokens.get_session_token),
            desk.do(assume_role.assume_role, role_arn=made.arn, role_session_name="canary"),
        ]
        for item in got:
            given = item.credentials
            self.secret("a temporary secret", given.secret_access_key.reveal())
            self.secret("a session token", given.session_token.reveal())
            self.kept("temporary credentials", item)
            for secret, token in itertools.product(
                (given.secret_access_key, Secret(WRONG)),
                (given.session_token, got[0].credentials.session_token),
            ):
                signer = Signer(given.access_key_id, secret, token=token)
                fields = signer.sign("GET", "http://app/", {}, b"", now=iam.clock.now())
                asked = HttpRequest(
                    "GET", "http", "app", "/", "/", "", Headers(tuple(fields.items())), body=b""
                )
                try:
                    self.story.keep("shown", repr(iam.gate.admit(asked)))
                except AuthenticationError as fault:
                    self.story.keep("shown", f"{fault!r} {fault}")

    def lost(self) -> None:
        """What root lost, by mail and by the host."""
        iam = self.iam
        iam.begin_root_recovery(OWNER)
        iam.recovery.finish(self.mailed(), ROOT_SECOND)
        iam.begin_root_recovery(OWNER, lost="factor")
        token = self.mailed()
        for method, answer in self._wrong_answers(WRONG):
            self.wrong(partial(iam.root_recovery.prove, token, method, answer))
        self.wrong(lambda: iam.root_recovery.finish(token, ROOT_FIRST))
        self.kept("another set-up link", self.desk.do(root.recover_root))

    def misplaced(self) -> None:
        """Each secret, where another is asked for."""
        iam = self.iam
        for secret in list(dict.fromkeys(self.loose)):
            for step in (
                lambda s=secret: iam.sign_in(s, s),
                lambda s=secret: iam.sign_in("cedric", s),
                lambda s=secret: iam.sign_in_root(s, s, account=s),
                lambda s=secret: iam.claim_setup(s, OWNER, ROOT_FIRST),
                lambda s=secret: iam.claim_setup("ikl_none", s, s),
                lambda s=secret: iam.links.accept(s, s),
                lambda s=secret: iam.links.confirm(s),
                lambda s=secret: iam.recovery.request(s, account=s),
                lambda s=secret: iam.recovery.finish(s, s),
                lambda s=secret: iam.begin_root_recovery(s),
                lambda s=secret: iam.root_recovery.prove(s, "totp", {"code": s}),
                lambda s=secret: iam.factors.finish(s, "totp", {"code": s}),
                lambda s=secret: iam.factors.offers(s),
                lambda s=secret: iam.choose_password(s, s),
                lambda s=secret: iam.account_named(s),
            ):
                self.wrong(step)
        iam.outbox.flush()

    def failing_steps(self) -> list[Callable[[], object]]:
        """Steps to take again with a store whose calls fail, one after the other."""
        iam, desk = self.iam, self.desk
        return [
            lambda: iam.claim_setup(self.setup, OWNER, ROOT_FIRST),
            lambda: iam.sign_in_root(OWNER, ROOT_SECOND),
            lambda: iam.sign_in("cedric", CEDRIC_NEXT),
            lambda: desk.do(mfa_enrolment.create_recovery_codes, user_name="cedric"),
            lambda: desk.do(tokens.create_personal_token, user_name="cedric", name="x"),
            lambda: (iam.recovery.request("cedric"), iam.outbox.flush()),
            lambda: desk.do(root.create_setup_link),
            lambda: iam.desk(iam.find_principal("cedric")).do(session_tokens.get_session_token),
        ]

    def _enable(self, serial: str, first: Secret, second: Secret) -> None:
        self.desk.do(
            mfa.enable_mfa_device,
            user_name="cedric",
            serial_number=serial,
            authentication_code1=first,
            authentication_code2=second,
        )

    def _wrong_answers(self, code: str) -> Sequence[tuple[str, Mapping[str, str]]]:
        return tuple(
            itertools.product(("totp", "hotp", "letter"), ({"code": code}, {"code": WRONG}, {WRONG: WRONG}))
        )
