"""Pages: each item once, in order, whatever is written between two of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.api.paging import DEFAULT_ITEMS, Cut, paged
from iamkit.errors import ValidationError

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=4), unique=True, max_size=12).map(sorted)


def _output(users: list[str], roles: list[str]) -> dict[str, object]:
    return {
        "Users": tuple({"UserName": name} for name in users),
        "Roles": tuple({"RoleName": name} for name in roles),
    }


def _shown(page: dict[str, object]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name in ("Users", "Roles"):
        items = page[name]
        assert isinstance(items, tuple)
        found += [(name, next(iter(item.values()))) for item in items]
    return found


@given(users=NAMES, roles=NAMES, size=st.integers(1, 5))
def test_all_pages_together_are_the_whole(users: list[str], roles: list[str], size: int) -> None:
    """In order, each of the asked size but the last, over two lists with one marker."""
    whole = _output(users, roles)
    seen: list[tuple[str, object]] = []
    marker: object = None
    while True:
        page = paged(whole, ("Users", "Roles"), Cut.of({"Marker": marker, "MaxItems": size}))
        seen += _shown(page)
        marker = page.get("Marker")
        assert (marker is not None) == page["IsTruncated"]
        if marker is None:
            break
        assert len(_shown(page)) == size

    assert seen == [("Users", name) for name in users] + [("Roles", name) for name in roles]


@given(names=NAMES.filter(lambda found: len(found) > 2), data=st.data())
def test_what_is_removed_or_added_elsewhere_hides_nothing(names: list[str], data: st.DataObject) -> None:
    """What stands behind the marker's item comes on the next page, unless it was removed itself."""
    size = data.draw(st.integers(1, len(names) - 1))
    first = paged(_output(names, []), ("Users", "Roles"), Cut.of({"MaxItems": size}))
    last = names[size - 1]
    gone = data.draw(st.sets(st.sampled_from([name for name in names if name != last])))
    added = data.draw(NAMES)
    left = sorted({*names, *added} - gone)

    second = paged(_output(left, []), ("Users", "Roles"), Cut.of({"Marker": first["Marker"]}))

    assert _shown(second) == [("Users", name) for name in left if name > last]


@given(names=NAMES.filter(lambda found: len(found) > 2), data=st.data())
def test_a_marker_whose_item_is_gone_goes_on_at_its_place(names: list[str], data: st.DataObject) -> None:
    """Nothing that was behind it is left out."""
    size = data.draw(st.integers(1, len(names) - 1))
    first = paged(_output(names, []), ("Users", "Roles"), Cut.of({"MaxItems": size}))
    left = [name for name in names if name != names[size - 1]]

    second = paged(_output(left, []), ("Users", "Roles"), Cut.of({"Marker": first["Marker"]}))

    assert [name for _, name in _shown(second)] == names[size:]


@given(marker=st.text(max_size=40))
def test_any_marker_is_answered_or_refused(marker: str) -> None:
    """Never another error."""
    try:
        page = paged(_output(["a", "b"], []), ("Users", "Roles"), Cut.of({"Marker": marker}))
    except ValidationError:
        return
    assert len(_shown(page)) <= 2


def test_a_page_has_a_hundred_items_unless_asked_otherwise() -> None:
    """As AWS's pages have."""
    assert Cut.of({}).max_items == DEFAULT_ITEMS == 100
    with pytest.raises(ValidationError):
        Cut.of({"Marker": "ä"})
