"""The marker: an attribute, checked where it is written and never in the way of the function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from unittest.mock import MagicMock

import pytest

from iamkit.errors import ConfigurationError
from iamkit.web.marker import Public, Requirement, marker_of, marker_of_view, public, require


def plain(doc_id: str) -> str:
    return doc_id


def fresh() -> Callable[[str], str]:
    """A function that nobody has marked yet."""

    def endpoint(doc_id: str) -> str:
        return plain(doc_id)

    return endpoint


def test_the_marked_function_is_the_same_function() -> None:
    """`require` returns what it was given, so the framework holds the marked object whatever the order."""
    endpoint = fresh()

    marked = require("docs:Read", "doc/{doc_id}")(endpoint)

    assert marked is endpoint
    found = marker_of(endpoint)
    assert isinstance(found, Requirement)
    assert found.action == "docs:Read"
    assert found.resource is not None
    assert found.resource.names == ("doc_id",)


def test_an_unmarked_function_has_no_marker() -> None:
    """Silence is not a declaration."""
    assert marker_of(plain) is None
    assert marker_of(object()) is None
    assert marker_of(None) is None


@pytest.mark.parametrize(
    "action",
    ["", "docs", "docs:", ":Read", "docs:Re*", "*", "*:*", "docs:Read ", "Docs:Read\n", "a:b:c", "dócs:Read"],
)
def test_a_malformed_action_stops_the_import(action: str) -> None:
    """An action is one service and one verb; anything else is found when the module is imported."""
    with pytest.raises(ConfigurationError, match="is not an action"):
        require(action)


@pytest.mark.parametrize(
    "resource", ["", "doc/*", "doc/?", "doc/{}", "doc/{a b}", "doc/{a", "arn:aws:docs::1:doc/1", "a b"]
)
def test_a_malformed_template_stops_the_import(resource: str) -> None:
    """A template holds literals and places, never a wildcard or a whole ARN."""
    with pytest.raises(ConfigurationError, match="resource template"):
        require("docs:Read", resource)


def test_a_wildcard_in_a_template_is_told_how_to_ask_for_all() -> None:
    """Whoever wants `*` leaves the resource out; other bad characters get no such advice."""
    with pytest.raises(ConfigurationError, match="leave the resource out to ask for `\\*`"):
        require("todo:List", "todo/*")
    with pytest.raises(ConfigurationError) as refusal:
        require("todo:List", "to do")
    assert "leave the resource out" not in str(refusal.value)


def test_public_is_the_same_with_parentheses() -> None:
    """`@public()` and `@public` mark the very function, once."""
    for marked in (public(fresh()), public()(fresh())):
        assert marker_of(marked) == Public()
        with pytest.raises(ConfigurationError, match="two marks"):
            public()(marked)
    with pytest.raises(ConfigurationError, match="not callable"):
        public(None)


def test_forgotten_parentheses_stop_the_import() -> None:
    """`@require` without arguments is given the function, which is no action."""
    with pytest.raises(ConfigurationError, match="is not an action"):
        require(plain)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["aws:SourceIp", "AWS:x", "iamkit:Host", "Folder", ":x", "docs:"])
def test_a_context_key_needs_a_prefix_of_the_app(key: str) -> None:
    """The app cannot set iamkit's own condition keys by a marker."""
    with pytest.raises(ConfigurationError, match="condition key"):
        require("docs:Read", context={key: "x"})


def test_two_marks_are_an_error() -> None:
    """Which of two would hold is not for the reader to guess."""
    endpoint = require("docs:Read")(fresh())

    with pytest.raises(ConfigurationError, match="two marks"):
        public(endpoint)


def test_two_marks_through_a_decorator_are_an_error() -> None:
    """`functools.wraps` carries the mark over, so a second one above it is found too."""
    inner = public(fresh())

    @functools.wraps(inner)
    def outer(doc_id: str) -> str:
        return inner(doc_id)

    with pytest.raises(ConfigurationError, match="two marks"):
        require("docs:Read")(outer)


def test_a_wrapping_decorator_carries_the_mark() -> None:
    """A well-behaved decorator above or below the mark changes nothing."""
    inner = require("docs:Read")(fresh())

    @functools.wraps(inner)
    def outer(doc_id: str) -> str:
        return inner(doc_id)

    assert marker_of(outer) is marker_of(inner)


def test_a_hiding_decorator_leaves_the_endpoint_undeclared() -> None:
    """A wrapper that does not carry attributes is undeclared, `__wrapped__` or not."""
    inner = public(fresh())

    def outer(doc_id: str) -> str:
        return inner(doc_id)

    outer.__wrapped__ = inner  # type: ignore[attr-defined]

    assert marker_of(outer) is None


def test_partials_carry_the_mark_of_their_function_or_their_own() -> None:
    """A partial runs nothing but its function; its own mark goes before the function's."""
    marked = require("docs:Read")(fresh())

    assert marker_of(functools.partial(marked, "1")) is marker_of(marked)
    assert marker_of(functools.partial(functools.partial(plain, "1"))) is None
    assert isinstance(marker_of(public(functools.partial(plain, "1"))), Public)


def test_methods_and_static_methods_are_marked_in_their_class() -> None:
    """The mark is read from the bound method too; what is already bound to one object is refused."""

    class Api:
        @require("docs:Read")
        def read(self) -> None: ...

        @public
        @staticmethod
        def about() -> None: ...

        def bare(self) -> None: ...

    assert isinstance(marker_of(Api().read), Requirement)
    assert isinstance(marker_of(Api.about), Public)
    with pytest.raises(ConfigurationError, match="bound to an object"):
        public(Api().bare)


def test_an_unmarkable_object_is_refused() -> None:
    """What cannot hold an attribute, or cannot be called, cannot be marked."""
    for thing in (len, 3, "text"):
        with pytest.raises(ConfigurationError, match="cannot be marked"):
            public(thing)


def test_an_object_that_answers_to_everything_is_not_marked() -> None:
    """A proxy or mock has any attribute; that is no declaration."""
    assert marker_of(MagicMock()) is None


def test_a_callable_object_is_marked_on_itself_its_class_or_its_call() -> None:
    """An ASGI or WSGI app that is an object may carry the mark in three places."""

    class Bare:
        def __call__(self) -> None: ...

    @public
    class Whole:
        def __call__(self) -> None: ...

    class ByCall:
        @public
        def __call__(self) -> None: ...

    one = Bare()
    public(one)

    assert [isinstance(marker_of(each), Public) for each in (one, Whole(), ByCall(), Bare())] == [
        True,
        True,
        True,
        False,
    ]


def test_a_class_mark_is_not_inherited() -> None:
    """A subclass of a public class declares nothing by that."""

    @public
    class Base:
        def __call__(self) -> None: ...

    class Child(Base): ...

    assert isinstance(marker_of(Base), Public)
    assert marker_of(Child) is None
    assert marker_of(Child()) is None


class _Base:
    def dispatch(self) -> None: ...


def test_a_view_method_goes_before_its_class() -> None:
    """Each method may say its own; the class's mark holds for the rest; HEAD is judged as GET."""

    @require("docs:Write")
    class View(_Base):
        @require("docs:Read")
        def get(self) -> None: ...

        def post(self) -> None: ...

    def action(method: str) -> str:
        found = marker_of_view(View, method, base=_Base, dispatch="dispatch")
        assert isinstance(found, Requirement)
        return found.action

    assert [action("GET"), action("HEAD"), action("POST")] == ["docs:Read", "docs:Read", "docs:Write"]


def test_a_dispatch_of_its_own_makes_method_marks_worthless() -> None:
    """Who overrides dispatch may run anything, so only the dispatch's or the class's mark counts."""

    class View(_Base):
        def dispatch(self) -> None: ...

        @public
        def get(self) -> None: ...

    assert marker_of_view(View, "GET", base=_Base, dispatch="dispatch") is None


def test_context_places_are_filled_from_the_route() -> None:
    """A text in the context may name route parameters; other values are as they are."""
    endpoint = require("docs:Read", context={"docs:Folder": "f/{folder}", "docs:Level": 3})(fresh())

    found = marker_of(endpoint)

    assert isinstance(found, Requirement)
    assert found.filled_context({"folder": "a"}) == {"docs:Folder": "f/a", "docs:Level": 3}
