"""Drawing: a template and a visit become a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from iamkit.errors import IamkitError, Throttling
from iamkit.gate import csrf
from iamkit_pages.answers import Answer
from iamkit_pages.theme import STYLE
from iamkit_pages.visit import Visit

_TOKENS: Final = "/tokens"
# The pages of one's own, in the order of the menu, with what one has to be allowed to do there.
_MENU: Final = (
    ("/", "menu.overview", ()),
    ("/password", "menu.password", ("iam:ChangePassword",)),
    ("/factors", "menu.factors", ("iam:ListMFADevices",)),
    ("/sessions", "menu.sessions", ("iamkit:ListSessions",)),
    ("/keys", "menu.keys", ("iam:ListAccessKeys",)),
    (_TOKENS, "menu.tokens", ("iamkit:ListPersonalTokens",)),
)


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    fault: IamkitError | None = None,
    cookies: tuple[str, ...] = (),
    script: bool = False,
    **values: object,
) -> Answer:
    """A page. With a `fault`, it says so first, and has its status."""
    place, words = visit.place, visit.words

    def to(path: str, **query: str) -> str:
        return address(visit, path, **query)

    shown: dict[str, object] = {
        **values,
        "t": words,
        "language": words.code,
        "site": place.site,
        "home": place.home,
        "style": to(f"/{STYLE}") + f"?{place.theme.version}",
        "next": visit.next,
        "to": to,
        "said": visit.said,
        "csrf_field": _csrf_field(visit),
        "caller": visit.principal.name if visit.signed_in else "",
        "menu": _menu(visit) if visit.signed_in else (),
        "here": visit.request.path.removeprefix(place.prefix) or "/",
        "fault": "" if fault is None else words.fault(fault),
        "done": _done(visit),
    }
    headers = (("Retry-After", str(fault.retry_after)),) if isinstance(fault, Throttling) else ()
    return Answer(
        status if fault is None else _status(fault),
        place.theme.render(template, shown),
        cookies=cookies,
        script=script,
        headers=(("Content-Language", words.code), *headers),
    )


def address(visit: Visit, path: str, **query: str) -> str:
    """The address of another page; what is empty is left out."""
    said = {name: value for name, value in query.items() if value}
    return visit.place.prefix + path + (f"?{urlencode(said)}" if said else "")


def _csrf_field(visit: Visit) -> Markup:
    """The token of a form, for browsers that do not say where a request comes from."""
    token = visit.token
    return Markup(csrf.field(csrf.draw(token, visit.iam.ids))) if token else Markup()  # noqa: S704  # digits


def _menu(visit: Visit) -> Sequence[tuple[str, str]]:
    return [
        (path, visit.words(key))
        for path, key, actions in _MENU
        # The root user has no tokens: they are for daily work.
        if visit.may(*actions) and not (path == _TOKENS and visit.is_root)
    ]


def _done(visit: Visit) -> str:
    """What the last page did, said once on the next: one of our own sentences, whatever the address says."""
    key = f"done.{visit.query.get('done', '')}"
    return visit.words(key) if key in visit.words.texts else ""


def _status(fault: IamkitError) -> int:
    # 401 belongs to a challenge, which makes no sense in a form.
    return 400 if fault.status == 401 else fault.status
