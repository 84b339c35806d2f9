"""What every store must answer when it is read."""
# ruff: noqa: S101  (a suite of tests)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from iamkit.errors import ValidationError
from iamkit.storage import Less, Store
from iamkit.testing.contract_records import START, Link, Person, Undeclared, person


def keep(store: Store, *items: Person | Link) -> None:
    """Add records in one unit."""
    with store.write() as unit:
        for item in items:
            unit.add(item)


def ids(found: list[Person]) -> list[str]:
    """The keys of what was found, in its order."""
    return [item.person_id for item in found]


class ReadingContract:
    """Reads: values come back exactly, listings in their order, and nothing that was not asked for."""

    def test_get_returns_the_record_that_was_added(self, store: Store) -> None:
        """A record comes back equal, under its key only."""
        keep(store, person("p1"), Link("a", "b", "x"))

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == person("p1")
            assert reader.get(Link, ("a", "b")) == Link("a", "b", "x")
            assert reader.get(Person, ("P1",)) is None
            assert reader.get(Link, ("b", "a")) is None

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "null",
            "O'Brien\"; --",
            "line\nline\ttab\r",
            "ünï\u0301 日本 \U0001f600 \U0010ffff \ufeff",
            "%_*[]\\",
            "x" * 300_000,
        ],
        ids=["empty", "space", "null", "quotes", "control", "unicode", "wild", "huge"],
    )
    def test_text_comes_back_exactly(self, store: Store, text: str) -> None:
        """Text is kept character by character, whatever it holds."""
        keep(store, replace(person("p1"), note=text, digest=text.encode(), scopes=(text,), tags={text: text}))

        with store.read() as reader:
            found = reader.find(Person, {"note": text})

        assert [item.note for item in found] == [text]
        assert found[0].digest == text.encode()
        assert found[0].scopes == (text,)
        assert dict(found[0].tags) == {text: text}

    def test_none_is_not_the_empty_value(self, store: Store) -> None:
        """None and empty text, bytes or zero stay apart, in values and in `where`."""
        empty = replace(person("p2"), note="", seal=b"", step=0)
        keep(store, person("p1"), empty)

        with store.read() as reader:
            assert reader.find(Person, {"note": None}) == [person("p1")]
            assert reader.find(Person, {"note": ""}) == [empty]
            assert reader.find(Person, {"seal": None, "step": None}) == [person("p1")]
            assert reader.find(Person, {"seal": b"", "step": 0}) == [empty]

    def test_every_shape_comes_back_exactly(self, store: Store) -> None:
        """Bytes, large integers, booleans, tuples and mappings come back equal and of their own types."""
        item = replace(
            person("p1"),
            uses=2**63 - 1,
            step=-(2**63),
            active=False,
            digest=bytes(range(256)),
            scopes=("b", "a", "a"),
            tags={"k": "v", "a": ""},
        )
        keep(store, item)

        with store.read() as reader:
            found = reader.get(Person, ("p1",))

        assert found == item
        assert found.active is False
        assert type(found.digest) is bytes
        assert type(found.scopes) is tuple

    @pytest.mark.parametrize(
        "instant",
        [
            START,
            START.replace(microsecond=1),
            START.replace(microsecond=999_999),
            datetime(1, 1, 2, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
            START.astimezone(timezone(timedelta(hours=5, minutes=30))),
        ],
    )
    def test_instants_come_back_to_the_microsecond_in_utc(self, store: Store, instant: datetime) -> None:
        """An instant is the same instant, aware, in UTC, to the microsecond."""
        keep(store, replace(person("p1"), seen_at=instant))

        with store.read() as reader:
            found = reader.find(Person, {"seen_at": instant})[0].seen_at

        assert found == instant
        assert found.utcoffset() == timedelta(0)

    def test_a_mapping_that_was_read_cannot_be_altered(self, store: Store) -> None:
        """What a store hands out is read-only, and not the caller's own dictionary."""
        tags = {"k": "v"}
        keep(store, replace(person("p1"), tags=tags))
        tags["k"] = "altered"

        with store.read() as reader:
            found = reader.get(Person, ("p1",))

        assert found is not None
        assert dict(found.tags) == {"k": "v"}
        with pytest.raises(TypeError):
            found.tags["k"] = "altered"  # type: ignore[index]  # the point of the test

    def test_find_gives_what_equals_where_and_nothing_else(self, store: Store) -> None:
        """Every condition must hold, on any shape of field."""
        full = replace(person("p1"), uses=3, active=False, scopes=("a", "b"), tags={"x": "1", "y": "2"})
        keep(store, full, person("p2"), person("p3", realm="other"))

        with store.read() as reader:
            assert reader.find(Person, {"realm": "r", "active": False}) == [full]
            assert reader.find(Person, {"tags": {"y": "2", "x": "1"}}) == [full]
            assert reader.find(Person, {"scopes": ("a", "b"), "joined_at": START}) == [full]
            assert reader.find(Person, {"scopes": ("b", "a")}) == []
            assert reader.find(Person, {"realm": "r", "uses": 4}) == []
            assert reader.count(Person, {"realm": "r"}) == 2
            assert reader.count(Person) == 3
            assert reader.find(Link) == []

    def test_less_finds_what_lies_below_a_bound(self, store: Store) -> None:
        """Less is strict, and counts None only if told to."""
        keep(store, person("p1"), replace(person("p2"), step=4), replace(person("p3"), step=5))

        with store.read() as reader:
            assert ids(reader.find(Person, {"step": Less(5)})) == ["p2"]
            assert ids(reader.find(Person, {"step": Less(5, or_none=True)})) == ["p1", "p2"]
            assert ids(reader.find(Person, {"joined_at": Less(START)})) == []
            assert reader.count(Person, {"joined_at": Less(START + timedelta(microseconds=1))}) == 3

    def test_the_default_order_is_by_key_and_code_point(self, store: Store) -> None:
        """Upper before lower case, ASCII before the rest, the rest by code point: no locale."""
        names = ["a", "B", "Z", "_", "b", "é", "z", "ﬀ", "\U0001f600", "a b", "aB", "ab", "A", "１"]
        keep(store, *(person(name) for name in names))

        with store.read() as reader:
            assert ids(reader.find(Person)) == sorted(names)
            assert ids(reader.find(Person, newest_first=True)) == sorted(names, reverse=True)

    def test_a_key_of_two_fields_orders_by_both(self, store: Store) -> None:
        """The parts of a key order one after the other, not as joined text."""
        pairs = [("a", "b"), ("a", "a"), ("a-", "a"), ("B", "z"), ("a", "")]
        keep(store, *(Link(*pair) for pair in pairs))

        with store.read() as reader:
            assert [(link.left, link.right) for link in reader.find(Link)] == sorted(pairs)
            assert reader.find(Link, {"left": "a"}, limit=1) == [Link("a", "")]

    def test_order_by_an_instant_newest_first(self, store: Store) -> None:
        """Instants order by time; equal ones by key, in the same direction."""
        keep(store, person("p2", minutes=1), person("p1", minutes=2), person("p4"), person("p3", minutes=1))

        with store.read() as reader:
            assert ids(reader.find(Person, order="joined_at")) == ["p4", "p2", "p3", "p1"]
            newest = reader.find(Person, order="joined_at", newest_first=True, limit=3)
            assert ids(newest) == ["p1", "p3", "p2"]

    def test_none_orders_before_everything(self, store: Store) -> None:
        """In an optional field None comes first, and last in the reverse."""
        keep(store, replace(person("p1"), note="x"), person("p2"), replace(person("p3"), note=""))

        with store.read() as reader:
            assert ids(reader.find(Person, order="note")) == ["p2", "p3", "p1"]
            assert ids(reader.find(Person, order="note", newest_first=True)) == ["p1", "p3", "p2"]

    def test_prefix_takes_wildcards_literally(self, store: Store) -> None:
        """`%`, `_`, `*`, `[` and a backslash in a prefix are themselves, and case counts."""
        names = ["/a%b/", "/a_b/", "/a*b/", "/a[b/", "/a\\b/", "/axb/", "/A%b/", "/a%B/", "/a", "a%b"]
        keep(store, *(person(f"p{place}", name=name) for place, name in enumerate(names)))

        with store.read() as reader:
            for beginning in ("/a%b", "/a_b", "/a*b", "/a[b", "/a\\b"):
                found = reader.find(Person, prefix=("name", beginning))
                assert [item.name for item in found] == [beginning + "/"]
            assert len(reader.find(Person, prefix=("name", "/a"))) == 8
            assert len(reader.find(Person, prefix=("name", ""))) == len(names)

    @pytest.mark.parametrize("last", ["z", "é", "\ud7ff", "\uffff", "\U0010ffff"])
    def test_prefix_ends_where_its_texts_end(self, store: Store, last: str) -> None:
        """A prefix finds itself and all that continue it, none beside it, at the edges of Unicode too."""
        inside = [f"k{last}", f"k{last}\U0010ffff", f"k{last}a"]
        keep(store, *(person(name) for name in [*inside, "k", "l", "ka", "\U0010ffff"]))

        with store.read() as reader:
            assert ids(reader.find(Person, prefix=("person_id", f"k{last}"))) == sorted(inside)

    def test_prefix_passes_over_none(self, store: Store) -> None:
        """A field that is None begins with nothing, not even with the empty text."""
        keep(store, person("p1"), replace(person("p2"), note=""))

        with store.read() as reader:
            assert ids(reader.find(Person, prefix=("note", ""))) == ["p2"]

    def test_paging_meets_every_record_once(self, store: Store) -> None:
        """`after` and `limit` walk a listing without gaps or repeats, in both directions."""
        names = [f"n{number:02}" for number in range(7)]
        keep(store, *(person(f"p-{name}", name=name) for name in names), person("q", realm="other"))

        with store.read() as reader:
            for backwards in (False, True):
                seen: list[str] = []
                while True:
                    page = reader.find(
                        Person,
                        {"realm": "r"},
                        order="name",
                        after=seen[-1] if seen else None,
                        limit=3,
                        newest_first=backwards,
                    )
                    seen += [item.name for item in page]
                    if len(page) < 3:
                        break
                assert seen == sorted(names, reverse=backwards)

    def test_after_needs_no_record_at_the_mark(self, store: Store) -> None:
        """A listing continues behind a text that no record has; without `order` that is a key."""
        keep(store, person("a"), person("c"), person("e"))

        with store.read() as reader:
            assert ids(reader.find(Person, after="b")) == ["c", "e"]
            assert ids(reader.find(Person, after="d", newest_first=True)) == ["c", "a"]
            assert reader.find(Person, after="e") == []

    def test_limit_zero_gives_nothing(self, store: Store) -> None:
        """A limit of zero is a limit."""
        keep(store, person("a"))

        with store.read() as reader:
            assert reader.find(Person, limit=0) == []

    def test_unknown_fields_are_refused(self, store: Store) -> None:
        """A field that the record does not have is an error, never an ignored condition."""
        with store.read() as reader:
            for find in (
                lambda: reader.find(Person, {"colour": "red"}),
                lambda: reader.find(Person, order="colour"),
                lambda: reader.find(Person, prefix=("colour", "r")),
                lambda: reader.count(Person, {"name; --": "x"}),
            ):
                with pytest.raises(TypeError, match="has no field"):
                    find()

    def test_misshapen_questions_are_refused(self, store: Store) -> None:
        """Wrong types, a key of the wrong length, an order that has none: errors, not empty answers."""
        with store.read() as reader:
            for find in (
                lambda: reader.get(Person, ("a", "b")),
                lambda: reader.get(Person, "a"),  # type: ignore[arg-type]  # the point of the test
                lambda: reader.get(Person, (1,)),  # type: ignore[arg-type]  # the point of the test
                lambda: reader.find(Person, {"uses": True}),
                lambda: reader.find(Person, {"uses": "1"}),
                lambda: reader.find(Person, {"active": 1}),
                lambda: reader.find(Person, {"name": b"x"}),
                lambda: reader.find(Person, {"name": None}),
                lambda: reader.find(Person, {"joined_at": START.replace(tzinfo=None)}),
                lambda: reader.find(Person, {"step": Less(None)}),
                lambda: reader.find(Person, {"active": Less(True)}),
                lambda: reader.find(Person, order="tags"),
                lambda: reader.find(Person, order="joined_at", after="x"),
                lambda: reader.find(Link, after="x"),
                lambda: reader.find(Person, prefix=("uses", "1")),
                lambda: reader.find(Person, limit=-1),
            ):
                with pytest.raises(TypeError):
                    find()

    def test_text_that_no_store_could_keep_is_bad_input(self, store: Store) -> None:
        """NUL and lone surrogates are refused as input, in questions too."""
        with store.read() as reader:
            for text in ("a\x00b", "\ud800"):
                with pytest.raises(ValidationError):
                    reader.get(Person, (text,))
                with pytest.raises(ValidationError):
                    reader.find(Person, {"name": text})
                with pytest.raises(ValidationError):
                    reader.find(Person, prefix=("name", text))

    def test_an_undeclared_type_is_refused(self, store: Store) -> None:
        """Only declared records are kept."""
        with store.read() as reader, pytest.raises(TypeError):
            reader.find(Undeclared)
