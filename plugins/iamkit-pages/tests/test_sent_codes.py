"""Codes that are sent, and methods that nobody here knows: begun by POST, proved by the page's one field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest
from iamkit_messages.codes import sms_method

from iamkit import IAM, FrozenClock, MemoryStore
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.management import attachments, login_profiles, users
from iamkit_pages import Pages

if TYPE_CHECKING:
    from tests.conftest import Browser, Post

from collections.abc import Sequence

from iamkit import hookimpl
from iamkit.credentials.mfa import MfaMethod, MfaServices

PASSWORD: Final = "correct horse battery"


class Codes:
    """Codes by text message, without a provider."""

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        return [sms_method(services.ids)]


@pytest.fixture
def sent(post: Post, browse: type[Browser]) -> Iterator[tuple[IAM, Browser]]:
    """A deployment with codes by text message, and a browser of ana's."""
    with IAM(
        store=MemoryStore(),
        plugins=[post, Codes()],
        clock=FrozenClock(),
        password_cost=CHEAPEST,
        entry_points=False,
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        arn = "arn:aws:iam::aws:policy/IAMSelfManageCredentials"
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=arn)
        yield iam, browse(Pages(iam).wsgi())


def _code(iam: IAM, post: Post) -> str:
    iam.outbox.flush()
    secret = post.messages[-1].secret
    assert secret is not None
    return secret.reveal()


def test_a_code_by_text_message(sent: tuple[IAM, Browser], post: Post, browse: type[Browser]) -> None:
    """Enrolled by a number and a code; later sent when asked for; a wrong one may be mended."""
    iam, browser = sent
    browser.sign_in()
    browser.get("/account/factors/new?method=sms")
    assert not post.messages
    browser.submit("/factors/new", answer__phone="not a number")
    assert browser.page.status == 400
    browser.submit("/factors/new", answer__phone="+49 151 23456789")
    assert "A code was sent to …89." in browser.page.text
    browser.submit("/factors/prove", answer__code="000000")
    assert "…89" in browser.page.text
    browser.submit("/factors/prove", answer__code=_code(iam, post))
    assert "The device is added" in browser.page.text

    other = browse(Pages(iam).wsgi())
    count = len(post.messages)
    other.sign_in()
    assert len(post.messages) == count
    other.submit("/factor/begin")
    code = _code(iam, post)
    wrong = "000000" if code != "000000" else "111111"
    other.submit("/factor", answer__code=wrong)
    assert "The code is not right" in other.page.text
    assert "…89" in other.page.text
    other.submit("/factor", answer__code=code)
    assert "Signed in as ana" in other.page.text
