"""How answers look: whole lines in pipes, no colour on request, nothing that steers a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.cli.output import Output, as_json, harmless, plain
from iamkit.credentials.secret import Secret


def test_lines_in_a_pipe_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """A row is one line however long it is, without padding at its end, so that grep finds whole ones."""
    long = "arn:aws:iam::123456789012:user/" + "x" * 500

    Output(as_json=False).table(("NAME", "ARN"), [("ana", long), ("b", "c")], [], empty="")

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"ana   {long}"
    assert not any(line.endswith(" ") for line in lines)


def test_columns_follow_the_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS bounds the width for who wants that."""
    monkeypatch.setenv("COLUMNS", "60")

    Output(as_json=False).table(("NAME",), [("x" * 100,)], [], empty="")

    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 60


def test_no_escape_codes_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is coloured in a pipe."""
    Output(as_json=False).table(("OUTCOME",), [("explicitDeny",)], [], empty="")

    assert "\x1b" not in capsys.readouterr().out


def test_no_color_is_honoured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal, outcomes are coloured unless NO_COLOR is set."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output = Output(as_json=False)
    output.table(("OUTCOME",), [("explicitDeny",)], [], empty="")
    assert "\x1b[1;31m" in capsys.readouterr().out

    monkeypatch.setenv("NO_COLOR", "1")
    output.table(("OUTCOME",), [("explicitDeny",)], [], empty="")

    assert "\x1b[1;31m" not in capsys.readouterr().out


def test_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Square brackets in a value are themselves."""
    Output(as_json=False).table(("A",), [("[red]x[/red] :smile:",)], [], empty="")

    assert "[red]x[/red] :smile:" in capsys.readouterr().out


@given(st.text())
def test_no_text_steers_a_terminal(text: str) -> None:
    """Whatever a value holds, what is printed has no control character, and `plain` is one line."""
    assert harmless(text).replace("\n", "").replace("\t", "").isprintable()
    assert plain(text).isprintable()


def test_values_read_well() -> None:
    """Times in UTC, yes and no, nothing as a dash."""
    assert plain(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04:05Z"
    assert [plain(value) for value in (None, True, False, (), {"a": 1}, ("x", "y"))] == [
        "-",
        "yes",
        "no",
        "-",
        "a=1",
        "x, y",
    ]


@dataclass(frozen=True)
class _Holder:
    name: str
    hidden: str = field(repr=False)
    secret: Secret = field(default_factory=lambda: Secret("hunter2"))


def test_json_hides_what_hides_itself() -> None:
    """Secrets come out as stars, fields that a repr leaves out not at all."""
    assert as_json(_Holder("a", "hunter2")) == {"name": "a", "secret": "***"}
