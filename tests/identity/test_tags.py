"""Tags (CAP-B14)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import InputError, LimitExceeded, ValidationError
from iamkit.identity.quotas import Quotas
from iamkit.identity.tags import checked_tags, with_tags, without_tags

_QUOTAS = Quotas()


def test_a_key_that_differs_only_by_case_is_replaced() -> None:
    """CAP-B14: `department` after `Department` leaves one tag, spelt as set last; others stay."""
    tags = with_tags({"Department": "sales", "project": "x"}, {"department": "ops"}, _QUOTAS)

    assert tags == {"department": "ops", "project": "x"}


def test_two_spellings_of_one_key_in_one_call_are_refused() -> None:
    """Which one is meant cannot be told."""
    with pytest.raises(InputError, match="differ only by case"):
        checked_tags({"a": "1", "A": "2"})


def test_the_fifty_first_tag_is_refused_and_the_fiftieth_not() -> None:
    """App. D: fifty tags; replacing one of fifty is no new tag."""
    fifty = {f"k{number}": "v" for number in range(50)}

    assert len(with_tags({}, fifty, _QUOTAS)) == 50
    assert with_tags(fifty, {"K0": "w"}, _QUOTAS)["K0"] == "w"
    with pytest.raises(LimitExceeded, match="`tags` is 50"):
        with_tags(fifty, {"new": "v"}, _QUOTAS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "v"),
        ("k" * 129, "v"),
        ("k", "v" * 257),
        ("aws:x", "v"),
        ("AWS:x", "v"),
        ("k*", "v"),
        ("k", "a*"),
        ("k", "a?"),
        ("k", "${x}"),
        ("k\n", "v"),
        ("k", "v\x00"),
        ("k", "\ud800"),
    ],
)
def test_what_a_pattern_or_a_store_could_misread_is_refused(key: str, value: str) -> None:
    """SEM-V11: neither wildcard nor variable nor control character gets into a tag."""
    with pytest.raises(ValidationError):
        checked_tags({key: value})


@pytest.mark.parametrize(("key", "value"), [("k" * 128, "v" * 256), ("Größe:1/2", "日本 語"), ("k", "")])
def test_letters_of_any_script_and_the_longest_are_fine(key: str, value: str) -> None:
    """CAP-B14: letters, digits, separators and `_.:/=+-@`."""
    assert checked_tags({key: value}) == {key: value}


_KEYS = st.sampled_from(["a", "A", "b", "B", "c"])


@given(st.dictionaries(_KEYS, st.just("x")), st.dictionaries(_KEYS, st.just("y")))
def test_no_two_keys_of_a_set_are_ever_equal_but_for_case(
    first: dict[str, str], then: dict[str, str]
) -> None:
    """Whatever is set in whatever order, each key exists in one spelling, and unsetting it leaves none."""
    try:
        tags = with_tags(with_tags({}, first, _QUOTAS), then, _QUOTAS)
    except InputError:
        return

    assert len({key.lower() for key in tags}) == len(tags)
    assert set(then.items()) <= set(tags.items())
    assert without_tags(tags, [key.swapcase() for key in tags]) == {}
