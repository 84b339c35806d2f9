"""The catalogue has every text, other languages join it, and a theme changes how it all looks."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import iamkit_pages
from iamkit.errors import ConfigurationError
from iamkit_pages.words import Words

if TYPE_CHECKING:
    from tests.conftest import Make

PACKAGE: Final = Path(iamkit_pages.__file__).parent
# Keys whose end is put together: of methods, faults, messages, links and what was done.
_BY_PART: Final = ("method.", "fault.", "message.", "link.", "done.", "factor.about_", "root.lost_", "menu.")
PASSWORD: Final = "correct horse battery"


def _known() -> set[str]:
    read = tomllib.loads((files("iamkit_pages") / "words" / "en.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}" for section, texts in read.items() for key in texts}


def test_every_text_of_a_page_is_in_the_catalogue() -> None:
    """Each key that a template or the code says is there, and each that is there is said somewhere."""
    sources = [*PACKAGE.glob("templates/*.html"), *PACKAGE.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    said = set(re.findall(r"""(?:\bt|words)\(["']([a-z_]+\.[a-z_0-9]+)["'][,)]""", text))

    assert said - _known() == set()
    assert {key for key in _known() - said if not key.startswith(_BY_PART)} == set()


def test_no_template_has_words_of_its_own() -> None:
    """What stands between tags comes from the catalogue, but for what nobody translates."""
    for path in PACKAGE.glob("templates/*.html"):
        text = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!doctype html>| class=.narrow.",
            " ",
            path.read_text(),
            flags=re.S,
        )
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", re.sub(r"<code>.*?</code>", "", text)))
        assert words == [], f"{path.name}: {words}"


def test_another_language_is_said_to_whom_wants_it(make: Make, tmp_path: Path) -> None:
    """By Accept-Language; what the catalogue lacks is said in English."""
    (tmp_path / "de.toml").write_text(
        '[sign_in]\ntitle = "Anmelden"\n[field]\nuser = "Name"\n', encoding="utf-8"
    )
    browser = make(words=tmp_path).browser()

    wanted = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.8"}
    german = browser.send("GET", "/account/sign-in", headers=wanted)
    assert '<html lang="de">' in german.text
    assert ">Anmelden<" in german.text
    assert ">Password<" in german.text
    assert german.header("Content-Language") == "de"
    assert "Accept-Language" in german.header("Vary")
    english = browser.send("GET", "/account/sign-in", headers={"Accept-Language": "fr"})
    assert '<html lang="en">' in english.text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("en;q=0.5, de;q=0.9", "de"),
        ("de;q=0", "en"),
        ("fr, de-AT;q=0.3", "de"),
        ("*", "en"),
        ("de;q=nonsense", "en"),
        (",;=,,", "en"),
        ("DE", "de"),
        ("x" * 10_000, "en"),
    ],
)
def test_what_a_browser_wants_is_read_or_left(tmp_path: Path, accept: str, expected: str) -> None:
    """Weights count, zero is no, and nonsense is English."""
    (tmp_path / "de.toml").write_text("", encoding="utf-8")

    assert Words(tmp_path).wanted(accept).code == expected


@pytest.mark.parametrize(
    "text",
    [
        "[sign_in]\nnonsense = 'x'",
        "title = 'x'",
        "[sign_in]\ntitle = 7",
        "[sign_in]\ntitle = '{name}'",
        "[site]\nsigned_in_as = '{name.__class__}'",
        "[sign_in]\ntitle = '{'",
        "no toml",
    ],
)
def test_a_catalogue_that_is_wrong_stops_the_start(make: Make, tmp_path: Path, text: str) -> None:
    """Unknown keys, places that English has not, what is no text: said before anybody reads it."""
    (tmp_path / "de.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        make(words=tmp_path)


def test_a_theme_is_a_style_sheet_or_templates(make: Make, tmp_path: Path) -> None:
    """More CSS comes after ours under another address; a template of the app's goes before ours."""
    plain = make().browser().get("/account/sign-in")
    (tmp_path / "brand.css").write_text(":root { --accent: #7a1fa2; }", encoding="utf-8")
    (tmp_path / "sign_in.html").write_text(
        '{% extends "narrow.html" %}{% block title %}Hello{% endblock %}'
        "{% block content %}{{ site }}{% endblock %}",
        encoding="utf-8",
    )
    browser = make(style=tmp_path / "brand.css", templates=tmp_path, site="A & B").browser()
    themed = browser.get("/account/sign-in")

    assert "<h1>Hello</h1>" in themed.text
    assert "A &amp; B" in themed.text
    (address,) = [a["href"] for tag, a in themed.read().tags if tag == "link"]
    assert address not in plain.text
    assert browser.get(address).text.endswith("--accent: #7a1fa2; }")


@pytest.mark.parametrize(
    "given", [{"templates": "/nowhere"}, {"words": "/nowhere"}, {"style": "/nowhere.css"}]
)
def test_a_theme_that_is_not_there_stops_the_start(make: Make, given: dict[str, str]) -> None:
    """ConfigurationError, before anything is served."""
    with pytest.raises(ConfigurationError):
        make(**given)
