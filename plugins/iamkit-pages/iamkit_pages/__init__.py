"""Pages for signing in and for what is one's own: plain HTML for any WSGI or ASGI app, and as JSON."""

from iamkit_pages.pages import Pages as Pages

__all__ = ["Pages"]
