"""Whatever JSON a file holds: an entry that is written back the same, or an error that names the place."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamkit.errors import InputError
from iamkit.manifest import codec
from iamkit.manifest.document import Document, NotKeptError, read, written
from iamkit.manifest.entries import SECTIONS

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('aä/ \u2028"0', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('aä/ \u2028"0', max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_members = sorted({name for kind in SECTIONS.values() for name in kind.__dataclass_fields__})


# The first text that is drawn takes seconds on a busy machine.
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(SECTIONS)),
    st.dictionaries(st.sampled_from(_members), _json | st.just("a") | st.just("/") | st.just({}), max_size=6),
)
def test_any_json_is_an_entry_or_refused(section: str, plain: dict[str, Any]) -> None:
    """No other error comes out, and what is taken is told again without loss."""
    try:
        entry = codec.from_plain(SECTIONS[section], plain, "file.json")
    except InputError as fault:
        told_place = "file.json" in fault.message
    else:
        told_place = True
        told = codec.to_plain(entry)
        again = codec.from_plain(SECTIONS[section], told, "file.json")
        assert again == entry
        assert codec.to_plain(again) == told
    assert told_place


@given(st.text(max_size=40) | _json.map(json.dumps) | _json.map(lambda plain: json.dumps(plain, indent=3)))
def test_a_document_says_what_its_text_says(text: str) -> None:
    """It is kept as an object only where nothing is lost, and its text is the one that comes back."""
    document = Document.of_text(text)
    assert Document.of_text(document.text) == document
    if isinstance(document.plain, str):
        assert document.text == text
    else:
        assert json.loads(text) == document.plain
        assert Document.of_plain(document.plain) == document


@given(st.text(st.sampled_from('{}[]",:0-19.eE truefalsn\\ud8'), max_size=30))
def test_what_is_read_is_written_the_same(text: str) -> None:
    """Fractions, `-0`, members that come twice and half characters are refused."""
    try:
        plain = read(text)
    except NotKeptError:
        return
    assert json.loads(written(plain)) == json.loads(text)
    assert "".join(written(plain).split()) == "".join(written(read(written(plain))).split())
