"""The texts of messages."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest

from iamkit.credentials import wording
from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.secret import Secret

VALUES = {
    "user": "ana",
    "account": "main",
    "minutes": "15",
    "hours": "72",
    "new": "b@example.org",
    "ready": "2026-01-02 00:00 UTC",
    "act": "CreateUser",
    "source": "203.0.113.9",
    "time": "2026-01-01 00:00 UTC",
}


def _message(kind: Kind, **values: str) -> Message:
    return Message(
        kind=kind,
        channel=Channel.EMAIL,
        address="ana@example.org",
        account="1",
        good_until=datetime(2026, 1, 1, tzinfo=UTC),
        values={**VALUES, **values},
        secret=Secret("s3cret"),
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_text(kind: Kind) -> None:
    """All of its blanks are filled, and no secret is in the subject."""
    text = wording.written(_message(kind))

    assert "{" not in text.subject + text.body.reveal() + text.short.reveal()
    assert "s3cret" not in text.subject
    assert "s3cret" not in repr(text)
    assert ("{secret}" in wording.ENGLISH[kind].body) == ("s3cret" in text.body.reveal())


def test_what_fills_a_blank_is_no_pattern() -> None:
    """Nor can it begin a line of its own."""
    text = wording.written(_message(Kind.INVITE, account="{secret}\r\nBcc: x"))

    assert "{secret}??Bcc: x" in text.body.reveal()


def test_another_language_is_another_catalogue() -> None:
    """With the same kinds and blanks."""
    german = {Kind.INVITE: wording.Wording("Einladung", "Willkommen, {user}: {secret}")}

    assert wording.written(_message(Kind.INVITE), german).body.reveal() == "Willkommen, ana: s3cret"


@pytest.mark.parametrize("kind", list(Kind))
def test_blanks_are_plain_names(kind: Kind) -> None:
    """So that no attribute of anything can be reached by a catalogue."""
    one = wording.ENGLISH[kind]
    names = {
        name
        for text in (one.subject, one.body, one.short)
        for _, name, _, _ in string.Formatter().parse(text)
    }

    assert names - {None} <= {*VALUES, "secret"}
