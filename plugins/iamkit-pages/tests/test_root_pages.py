"""The root user by the pages: set up once by a link, kept to enrolment, lost and recovered by two proofs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from iamkit.management import root

if TYPE_CHECKING:
    from tests.conftest import Browser, World

OWNER: Final = "owner@app.example"
PASSWORD: Final = "correct horse battery"
NEXT: Final = "another long passphrase"


def _link(world: World) -> str:
    made = world.do(root.create_setup_link)
    parts = urlsplit(world.iam.setup_url(made.token).reveal())
    return f"{parts.path}?{parts.query}"


def _set_up(world: World, browser: Browser) -> str:
    """The root user, with an app and its address confirmed; the app's seed."""
    browser.get(_link(world))
    browser.submit("/setup", email=OWNER, new_password=PASSWORD, repeated=PASSWORD)
    mail = world.link()
    seed = world.enrol_app(browser)
    browser.get(mail)
    browser.submit("/verify-address")
    browser.get("/account/verify")
    browser.submit("/factor", answer__code=world.code(seed))
    world.clock.advance(timedelta(seconds=60))
    return seed


def test_the_set_up_link_has_one_winner(world: World, browser: Browser) -> None:
    """Its token leaves the address; whoever comes later finds that it is of no use."""
    link = _link(world)
    late = world.browser()
    late.get(link)
    browser.get(link)
    assert browser.page.url.endswith("/account/setup")
    browser.submit("/setup", email=OWNER, new_password="short", repeated="short")
    assert browser.page.status == 400
    browser.submit("/setup", email=OWNER, new_password=PASSWORD, repeated=PASSWORD)
    assert browser.page.url.endswith("/account/factors")
    late.submit("/setup", email="eve@app.example", new_password=PASSWORD, repeated=PASSWORD)

    assert "This link is of no use any more" in late.page.text
    assert world.iam.cookie_name not in late.cookies


def test_without_a_factor_there_is_nothing_but_enrolment(world: World, browser: Browser) -> None:
    """The menu has no more, and other addresses refuse."""
    browser.get(_link(world))
    browser.submit("/setup", email=OWNER, new_password=PASSWORD, repeated=PASSWORD)

    assert "/account/sessions" not in browser.page.text
    assert browser.get("/account/sessions").status == 403
    assert browser.get("/account/keys").status == 403


def test_who_left_before_enrolling_is_led_to_it(world: World, browser: Browser) -> None:
    """A route that wants a factor leads to adding one; signing in once more would lead there again."""
    browser.get(_link(world))
    browser.submit("/setup", email=OWNER, new_password=PASSWORD, repeated=PASSWORD)
    later = world.browser()
    later.get("/account/root")
    later.submit("/root", email=OWNER, password=PASSWORD)
    later.get("/account/verify?next=/notes")

    assert "/account/factors" in later.page.url
    assert "Add one to go on" in later.page.text


def test_the_root_user_signs_in_by_address_and_factor(world: World, browser: Browser) -> None:
    """With both it sees its sessions; a user is nobody at its door, and it is nobody at the users'."""
    _set_up(world, browser)
    other = world.browser()
    other.get("/account/root")
    other.submit("/root", email="ana", password=PASSWORD)
    assert "not right" in other.page.text
    other.submit("/root", email=OWNER, password=PASSWORD)
    assert "Second step" in other.page.text

    users = world.browser()
    users.sign_in(OWNER, PASSWORD)
    assert "not right" in users.page.text
    assert "Signed in as root" in browser.get("/account/sessions").text


def test_a_lost_factor_takes_two_proofs_and_a_wait(world: World, browser: Browser) -> None:
    """Mail and a recovery code, then a day; too early is told; then a new password and no factor."""
    _set_up(world, browser)
    browser.get("/account/recovery-codes")
    browser.submit("/recovery-codes")
    codes = re.findall(r"<li>([0-9a-z-]{16,})</li>", browser.page.text)
    world.clock.advance(timedelta(days=8))
    lost = world.browser()
    lost.get("/account/root-lost")
    lost.submit("/root-lost", email=OWNER, lost="factor")
    assert "Look at your mail" in lost.page.text
    lost.get(world.link())
    lost.submit("/recover-root", method="recovery", answer__code="0000-0000-0000-0000")
    assert lost.page.status == 403
    lost.submit("/recover-root", method="recovery", answer__code=codes[0])
    assert "The recovery has begun" in lost.page.text
    address = re.findall(r'class="secret">([^<]+)<', lost.page.text)[0]
    finish = urlsplit(address)
    early = world.browser()
    early.get(f"{finish.path}?{finish.query}")
    early.submit("/finish-recovery", new_password=NEXT, repeated=NEXT)
    assert "It is too early" in early.page.text
    world.clock.advance(timedelta(hours=25))
    late = world.browser()
    late.get(f"{finish.path}?{finish.query}")
    late.submit("/finish-recovery", new_password=NEXT, repeated=NEXT)
    assert "The password is set." in late.page.text
    late.submit("/root", email=OWNER, password=NEXT)

    assert "Signed in as root" in late.page.text
    assert "/account/sessions" not in late.page.text


def test_nobody_learns_whose_address_is_the_root_user_s(world: World, browser: Browser) -> None:
    """Asking is answered alike, byte for byte."""
    _set_up(world, browser)
    pages = set()
    for email in (OWNER, "eve@app.example"):
        asking = world.browser()
        asking.get("/account/root-lost")
        asking.submit("/root-lost", email=email, lost="password")
        pages.add(asking.page.body)

    assert len(pages) == 1
