"""Signing in by the pages alone: password, factor, a new password, and out again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials.secret import Secret
from iamkit.management import accounts, login_profiles

if TYPE_CHECKING:
    from tests.conftest import Browser, World

PASSWORD: Final = "correct horse battery"
OTHER: Final = "staple paper lantern"


def test_who_knows_the_password_comes_in_and_goes_out(browser: Browser) -> None:
    """The account page says who one is; after signing out it asks to sign in."""
    browser.sign_in()

    assert browser.page.status == 200
    assert "Signed in as ana" in browser.page.text
    browser.submit("/sign-out")
    assert "You are signed out." in browser.page.text
    assert "Sign in" in browser.get("/account/").text


def test_a_wrong_password_and_nobody_are_answered_alike(world: World) -> None:
    """Byte for byte, but for the name that was typed."""
    known, unknown, disabled = world.browser(), world.browser(), world.browser()

    first = known.sign_in("ana", "not it").text
    second = unknown.sign_in("eve", "not it").text
    third = disabled.sign_in("ben-of-nowhere", PASSWORD).text

    assert first.replace('"ana"', '"x"') == second.replace('"eve"', '"x"')
    assert second.replace('"eve"', '"x"') == third.replace('"ben-of-nowhere"', '"x"')
    assert "The user name or the password is not right." in first
    assert "not it" not in first
    assert known.page.status == unknown.page.status == disabled.page.status == 400


def test_one_goes_on_to_where_one_wanted_to_be(world: World) -> None:
    """`next` survives each step, and only a page of this site is one."""
    browser = world.browser()
    browser.get("/account/sessions")
    assert browser.page.url.endswith("sign-in?next=%2Faccount%2Fsessions")
    browser.submit("/sign-in", user="ana", password=PASSWORD)
    assert browser.page.url.endswith("/account/sessions")

    other = world.browser()
    other.get("/account/sign-in?next=https%3A%2F%2Fevil.example%2F")
    assert "evil" not in other.page.text
    form = other.page.form("/sign-in")
    sent = other.post(
        form.action, {**form.fields, "user": "ana", "password": PASSWORD, "next": "//evil.example"}
    )
    assert sent.header("Location") == "/account/"


def test_a_pending_session_can_do_nothing_but_go_on(world: World) -> None:
    """Between password and factor every page of one's own sends to the factor."""
    first = world.browser()
    first.sign_in()
    seed = world.enrol_app(first)

    browser = world.browser()
    browser.sign_in()
    assert "Second step" in browser.page.text
    for path in ("/account/", "/account/keys", "/account/sessions"):
        assert "Second step" in browser.get(path).text
    assert browser.call("access-keys").status == 401
    browser.submit("/factor", answer__code="000000")
    assert "The code is not right" in browser.page.text
    browser.submit("/factor", answer__code=world.code(seed))
    assert "Signed in as ana" in browser.page.text


def test_a_code_is_good_once(world: World) -> None:
    """Who reads a code over a shoulder cannot use it again."""
    first = world.browser()
    first.sign_in()
    seed = world.enrol_app(first)
    one, two = world.browser(), world.browser()
    one.sign_in()
    one.submit("/factor", answer__code=world.code(seed))

    two.sign_in()
    two.submit("/factor", answer__code=world.code(seed))

    assert "The code is not right, or was used already" in two.page.text


def test_a_forced_change_comes_before_everything(world: World) -> None:
    """A password that must be changed opens a page where that is done; what differs or is weak is refused."""
    world.do(
        login_profiles.update_login_profile,
        user_name="ana",
        password=Secret(OTHER),
        password_reset_required=True,
    )
    browser = world.browser()
    browser.sign_in("ana", OTHER)
    assert "Choose a new password" in browser.page.text
    browser.submit("/new-password", new_password="a new one for ana", repeated="another one")
    assert "The two new passwords differ" in browser.page.text
    browser.submit("/new-password", new_password="short", repeated="short")
    assert browser.page.status == 400
    browser.submit("/new-password", new_password="a new one for ana", repeated="a new one for ana")

    assert "Signed in as ana" in browser.page.text


def test_a_sign_in_that_took_too_long_starts_again(world: World) -> None:
    """The pending session ends after ten minutes, and the page says so."""
    first = world.browser()
    first.sign_in()
    seed = world.enrol_app(first)
    browser = world.browser()
    browser.sign_in()
    world.clock.advance(timedelta(minutes=11))

    browser.submit("/factor", answer__code=world.code(seed))

    assert "The sign-in ended or took too long" in browser.page.text
    assert world.iam.cookie_name not in browser.cookies


def test_an_account_can_be_named_by_its_alias_in_the_address(world: World) -> None:
    """`/sign-in/ALIAS` asks for that account; one that is none is not found, or as a wrong password."""
    world.do(accounts.create_account_alias, account_alias="acme")
    browser = world.browser()
    browser.get("/account/sign-in/acme")
    assert browser.page.form("/sign-in").fields["account"] == "acme"
    browser.submit("/sign-in", user="ana", password=PASSWORD)
    assert "Signed in as ana" in browser.page.text

    assert world.browser().get("/account/sign-in/acme-no-more").status == 404
    other = world.browser()
    other.get("/account/sign-in?account=acme-no-more")
    other.submit("/sign-in", user="ana", password=PASSWORD)
    assert "The user name or the password is not right." in other.page.text


def test_too_many_attempts_are_told_to_wait(world: World) -> None:
    """429 with Retry-After and minutes to read."""
    browser = world.browser()
    for _ in range(12):
        browser.sign_in("ana", "not it")

    assert browser.page.status == 429
    assert int(browser.page.header("Retry-After")) > 0
    assert "Too many attempts" in browser.page.text


@pytest.mark.parametrize("path", ["/account/nothing", "/account/sign-in/a/b", "/account/api/nothing"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    """Below the prefix everything is the pages', so that nothing of the app behind shines through."""
    assert browser.get(path).status == 404


def test_a_page_names_the_methods_that_it_has(browser: Browser) -> None:
    """405 with Allow; a HEAD is a GET without its body."""
    shown = browser.send("DELETE", "/account/sign-in")
    assert (shown.status, shown.header("Allow")) == (405, "HEAD, GET, POST")
    head = browser.send("HEAD", "/account/sign-in")
    assert (head.status, head.body) == (200, b"")
    assert int(head.header("Content-Length")) > 500


def test_signing_in_anew_gives_another_session(world: World) -> None:
    """A session that somebody planted before is not the one that the password opens (THR-S1)."""
    browser = world.browser()
    browser.sign_in()
    before = browser.cookies[world.iam.cookie_name]
    browser.get("/account/sign-in")
    assert "You are signed in as ana." in browser.page.text
    browser.submit("/sign-in", user="ana", password=PASSWORD)

    assert browser.cookies[world.iam.cookie_name] != before
