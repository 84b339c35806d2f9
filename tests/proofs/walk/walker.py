"""A person at a keyboard: what is not reached by Tab is not there, and what is not said is not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.proofs.walk.place import Place

# How often Tab is pressed before a thing counts as out of reach.
_REACH: Final = 60
_FOCUSED: Final = """() => { const at = document.activeElement;
  if (!at || at === document.body) return "";
  if (at.getAttribute("aria-label")) return at.getAttribute("aria-label");
  const label = at.labels && at.labels.length ? at.labels[0] : at;
  return label.textContent.trim(); }"""


class Walker:
    """A person at a keyboard. Each page is kept with its name, for the auditor and for a picture."""

    def __init__(self, page: Any, place: Place, kept: dict[str, str], out: Path | None) -> None:
        self.page = page
        self.place = place
        self._kept = kept
        self._out = out

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.place.url + path)

    def tab_to(self, what: str) -> None:
        """Press Tab until the focus is on the control of that label or text. AssertionError if it never."""
        for _ in range(_REACH):
            if self._focused() == what:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"`{what}` is not reached by Tab on {self.page.url}")

    def _focused(self) -> str:
        name: str = self.page.evaluate(_FOCUSED)
        return name

    def type(self, label: str, text: str) -> None:
        self.tab_to(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, what: str) -> None:
        """Reach a button, link or summary and press Enter; the page that follows is awaited."""
        self.tab_to(what)
        before = self.page.evaluate("performance.timeOrigin")
        self.page.keyboard.press("Enter")
        for _ in range(100):
            self.page.wait_for_timeout(20)
            try:
                if self.page.evaluate("performance.timeOrigin") != before:
                    break
            except Exception as fault:  # the page went away while it was asked
                if "context was destroyed" not in str(fault):
                    raise
        self.page.wait_for_load_state("load")

    def open(self, what: str) -> None:
        """Open what is folded."""
        self.tab_to(what)
        self.page.keyboard.press("Enter")

    def see(self, name: str, text: str) -> None:
        """The page says `text`; it is kept under `name`."""
        found = self.page.inner_text("body")
        if text not in found:
            raise AssertionError(f"{name}: `{text}` is not on {self.page.url}:\n{found}")
        self._kept[name] = self.page.content()
        if self._out is not None:
            self.page.screenshot(path=str(self._out / f"{name}.png"), full_page=True)
