"""What is one's own: seen, made, shown once and given up by the pages alone."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from iamkit.management import inline, sessions, tokens

if TYPE_CHECKING:
    from tests.conftest import Browser, World

PASSWORD: Final = "correct horse battery"
OTHER: Final = "staple paper lantern"


def test_a_session_elsewhere_is_seen_and_ended(world: World) -> None:
    """The list marks this browser's; the other one is nobody's on its next request."""
    here, there = world.browser(), world.browser()
    here.sign_in()
    there.sign_in()
    here.get("/account/sessions")
    assert here.page.text.count("this browser") == 1
    assert len([form for form in here.page.read().forms if form.action.endswith("/sessions/end")]) == 1

    here.submit("/sessions/end")

    assert "The session is ended." in here.page.text
    assert "Sign in" in there.get("/account/").text
    assert "Signed in as ana" in here.get("/account/").text


def test_a_session_has_a_name_and_all_others_end(world: World) -> None:
    """What one calls it, as text; the others end and this one stays."""
    here, there = world.browser(), world.browser()
    here.sign_in()
    there.sign_in()
    here.get("/account/sessions")
    here.submit("/sessions/rename", name='kitchen "tablet" <b>')
    assert "kitchen &#34;tablet&#34; &lt;b&gt;" in here.page.text
    here.submit("/sessions/end-others")

    assert "All other sessions are ended." in here.page.text
    assert "sign-in" in there.get("/account/").url


def test_all_sessions_are_ended_at_once(world: World) -> None:
    """This one too: both browsers are asked to sign in."""
    here, there = world.browser(), world.browser()
    here.sign_in()
    there.sign_in()
    here.get("/account/sessions")

    here.submit("/sessions/end-all")

    assert "All sessions are ended." in here.page.text
    assert "sign-in" in there.get("/account/").url


def test_the_session_of_somebody_else_cannot_be_ended(world: World) -> None:
    """An id that is not one's own is told as one that is not there."""
    ben, ana = world.browser(), world.browser()
    ben.sign_in("ben")
    ana.sign_in()
    theirs = world.do(sessions.list_sessions, user_name="ben").items[0].public_id

    shown = ana.post("/account/sessions/end", {"session_id": theirs})

    assert shown.status == 404
    assert len(world.do(sessions.list_sessions, user_name="ben").items) == 1


def test_an_access_key_is_shown_once(browser: Browser) -> None:
    """The secret is on the page that made it and in its file, and on no page after."""
    browser.sign_in()
    browser.get("/account/keys")
    browser.submit("/keys")
    made = browser.page
    link = next(link for link in made.read().links if link.startswith("data:text/csv;base64,"))
    key_id, secret = base64.b64decode(link.partition(",")[2]).decode().splitlines()[1].split(",")

    assert secret in made.text
    assert made.header("Cache-Control") == "no-store"
    assert key_id in browser.get("/account/keys").text
    assert secret not in browser.page.text


def test_an_access_key_is_switched_off_and_deleted(browser: Browser) -> None:
    """Two at most; an inactive one counts, a deleted one does not."""
    browser.sign_in()
    for _ in range(2):
        browser.get("/account/keys")
        browser.submit("/keys")
    browser.get("/account/keys")
    assert not [form for form in browser.page.read().forms if form.action.endswith("/keys")]
    assert browser.post("/account/keys", {}).status == 409
    browser.submit("/keys/update")
    assert "The access key is changed." in browser.page.text
    assert "inactive" in browser.page.text
    browser.submit("/keys/delete")

    assert "The access key is deleted." in browser.page.text
    assert [form for form in browser.page.read().forms if form.action.endswith("/keys")]


def test_a_token_is_made_replaced_and_deleted(world: World, browser: Browser) -> None:
    """It is shown once, is good as a bearer token, and another text takes its place."""
    browser.sign_in()
    browser.get("/account/tokens")
    browser.submit("/tokens", name="ci", days="30")
    assert "ikt_" in browser.page.text
    browser.get("/account/tokens")
    assert "ikt_" not in browser.page.text
    browser.submit("/tokens/reset")
    assert "ikt_" in browser.page.text
    browser.get("/account/tokens")
    browser.submit("/tokens/delete")

    assert "The token is deleted." in browser.page.text
    assert world.do(tokens.list_personal_tokens, user_name="ana").items == ()


def test_a_token_that_cannot_be_made_keeps_what_was_typed(browser: Browser) -> None:
    """A policy that is none is told with its fault; name and policy stay in the form."""
    browser.sign_in()
    browser.get("/account/tokens")
    browser.submit("/tokens", name="ci", policy_document='{"Version": "nonsense"}')

    assert browser.page.status == 400
    assert browser.page.form("/tokens").fields["name"] == "ci"
    assert "nonsense" in browser.page.text


def test_a_password_is_changed_by_the_old_one(world: World, browser: Browser) -> None:
    """All sessions end; the new one signs in, the old one does not."""
    browser.sign_in()
    browser.get("/account/password")
    browser.submit("/password", old_password="not it", new_password=OTHER, repeated=OTHER)
    assert browser.page.status == 400
    browser.submit("/password", old_password=PASSWORD, new_password=OTHER, repeated=OTHER)
    assert "The password is set." in browser.page.text
    browser.submit("/sign-in", user="ana", password=PASSWORD)
    assert "not right" in browser.page.text
    browser.submit("/sign-in", user="ana", password=OTHER)

    assert "Signed in as ana" in browser.page.text


def test_who_may_do_nothing_is_shown_nothing(world: World) -> None:
    """The menu leaves out what policies refuse, and its address says no without telling why."""
    browser = world.browser()
    browser.sign_in("ben")

    assert "Signed in as ben" in browser.page.text
    assert "/account/keys" not in browser.page.text
    shown = browser.get("/account/keys")
    assert shown.status == 403
    assert "You are not allowed to do this." in shown.text
    assert "arn:" not in shown.text
    assert browser.post("/account/keys", {}).status == 403


def test_a_fresher_factor_is_asked_for_and_then_one_goes_on(world: World, browser: Browser) -> None:
    """Factors are changed within fifteen minutes of a sign-in; later the pages ask for one and come back."""
    browser.sign_in()
    seed = world.enrol_app(browser)
    world.clock.advance(timedelta(minutes=20))
    browser.get("/account/factors")
    browser.submit("/factors/remove")
    assert "Show that it is you" in browser.page.text
    browser.submit("/factor", answer__code=world.code(seed))
    assert browser.page.url.endswith("/account/factors")
    browser.submit("/factors/remove")

    assert "The device is removed." in browser.page.text


def test_without_a_device_a_fresher_sign_in_is_asked_for(world: World, browser: Browser) -> None:
    """The sign-in page says why, and leads back."""
    browser.sign_in()
    world.clock.advance(timedelta(minutes=20))
    browser.get("/account/factors/app")
    assert "Sign in again to go on." in browser.page.text
    browser.submit("/sign-in", user="ana", password=PASSWORD)

    assert browser.page.url.endswith("/account/factors/app")


def test_a_policy_that_wants_a_factor_is_met_by_one(world: World, browser: Browser) -> None:
    """The refusal of a page that only a factor opens leads to showing one, and back."""
    browser.sign_in()
    seed = world.enrol_app(browser)
    document = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iamkit:ListSessions",'
        ' "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}}'
    )
    world.do(inline.put_user_policy, user_name="ana", policy_name="fresh", policy_document=document)

    browser.get("/account/sessions")

    assert browser.page.status == 403
    (way,) = [link for link in browser.page.read().links if "verify" in link]
    browser.get(way)
    browser.submit("/factor", answer__code=world.code(seed))
    assert browser.page.url.endswith("/account/sessions")
    assert browser.page.status == 200
