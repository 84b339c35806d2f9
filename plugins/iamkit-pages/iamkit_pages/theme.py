"""The theme: templates and style, ours and what the app puts before and after them.

An app's own directory of templates goes before ours: `base.html` there changes every page, `sign_in.html`
one. Every value is escaped, and a name that nobody gave is an error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markupsafe import Markup

STYLE: Final = "style.css"


class Theme:
    """Templates and style. `templates` is the app's own directory, `style` a style sheet that comes last."""

    def __init__(self, *, templates: Path | None = None, style: str = "") -> None:
        loaders: list[BaseLoader] = [PackageLoader("iamkit_pages")]
        if templates is not None:
            loaders.insert(0, FileSystemLoader(templates))
        self._environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["moment"] = moment
        ours = (files("iamkit_pages") / "static" / STYLE).read_text(encoding="utf-8")
        self.style = (ours + style).encode()
        # In the style sheet's address, so that a browser keeps it until it changes.
        self.version = sha256(self.style).hexdigest()[:12]

    def render(self, template: str, values: dict[str, object]) -> bytes:
        """The template with these values, as UTF-8."""
        return self._environment.get_template(template).render(values).encode()


def moment(at: datetime | None) -> Markup | str:
    """A point in time as people read it, and as programs do."""
    if at is None:
        return ""
    at = at.astimezone(UTC)
    shown = at.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), shown)
