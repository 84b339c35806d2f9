"""`{% load iamkit %}`: draw a button exactly when its POST would pass.

{% if_can "notes:Write" note %}<button>Save</button>{% else %}read only{% endif_can %}
{% if request.principal|can:"notes:List" %}…{% endif %}
{% can_reach "note-edit" pk=note.pk method="POST" as may_save %}
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.urls import Resolver404, get_script_prefix, resolve, reverse

from iamkit.errors import EvaluationError, MissingAuthenticationToken
from iamkit.gate.current import current_principal
from iamkit.identity.principal import Principal
from iamkit.web.django import endpoints, options, permissions
from iamkit.web.guard import gate_of
from iamkit.web.marker import Public, Requirement

register = template.Library()


@register.filter
def can(principal: object, action: str) -> bool:
    """Whether a principal may do `action` on `*`, as for a list; False for what is no principal."""
    return isinstance(principal, Principal) and permissions.allowed(principal, action)


@register.simple_tag(takes_context=True)
def can_reach(
    context: template.Context, view: str, *args: object, method: str = "GET", **kwargs: object
) -> bool:
    """Whether the guard would let the caller through to a view, named as for `{% url %}`.

    Asks what the view's mark asks, of the resource that the mark makes from these arguments.
    """
    principal = _caller(context)
    if principal is None:
        return False
    address = reverse(view, args=args or None, kwargs=kwargs or None)
    try:
        # Read as the handler reads it: without the prefix that the project is served under, decoded once.
        found = resolve("/" + unquote(address.removeprefix(get_script_prefix())))
    except Resolver404:
        return False
    marker = endpoints.mark_for(found.func, method, options.declarations(), found.view_name)
    if not isinstance(marker, Requirement):
        group = endpoints.group_of(found.func, found.kwargs)
        return isinstance(marker, Public) or (group is not None and group in options.public_names())
    try:
        asked = "*" if marker.resource is None else marker.resource.fill(found.kwargs)
        told = marker.filled_context(found.kwargs)
    except EvaluationError:
        return False
    if asked != "*":
        asked = gate_of(options.guardian()).arn(principal, marker.service, asked)
    return principal.can(marker.action, asked, **told)


@register.tag
def if_can(parser: Parser, token: Token) -> Permitted:
    """`{% if_can ACTION [OBJECT] %}…{% else %}…{% endif_can %}`; without an object `*` is asked for."""
    words = token.split_contents()[1:]
    if len(words) not in (1, 2):
        raise template.TemplateSyntaxError(
            'write {% if_can "service:Action" object %}, the object if there is one'
        )
    drawn = parser.parse(("else", "endif_can"))
    otherwise = NodeList()
    if parser.next_token().contents == "else":
        otherwise = parser.parse(("endif_can",))
        parser.delete_first_token()
    return Permitted([parser.compile_filter(word) for word in words], drawn, otherwise)


class Permitted(template.Node):
    """What is drawn for those who may."""

    child_nodelists = ("drawn", "otherwise")

    def __init__(self, words: list[FilterExpression], drawn: NodeList, otherwise: NodeList) -> None:
        self._words = words
        self.drawn = drawn
        self.otherwise = otherwise

    def render(self, context: template.Context) -> str:
        """The block for those who may, else the other one. A thing that is not there is not allowed."""
        action, *rest = (word.resolve(context) for word in self._words)
        principal = _caller(context)
        may = (
            principal is not None
            and not (rest and rest[0] is None)
            and permissions.allowed(principal, action, *rest)
        )
        return (self.drawn if may else self.otherwise).render(context)


def _caller(context: template.Context) -> Principal | None:
    """Who the page is made for: the request's principal, else whoever is acting."""
    request: Any = context.get("request")
    found = getattr(request, "principal", None)
    if isinstance(found, Principal):
        return found
    try:
        return current_principal()
    except MissingAuthenticationToken:
        return None
