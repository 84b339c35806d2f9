"""Operations on guardrails (CAP-E12). The home account owns them: other accounts cannot lift their own."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.identity import accounts, documents, guardrails, tree
from iamkit.identity.guardrails import Guardrail
from iamkit.ids import checked_name
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page


@dataclass(frozen=True, slots=True)
class GuardrailDetails:
    """A guardrail with its text and the nodes and accounts that it is on."""

    guardrail: Guardrail
    document: str
    targets: tuple[str, ...]


def _on(work: Work, name: str, *others: str) -> Asks:
    arn = guardrails.arn_of(work.house, checked_name("guardrail", name))
    return Asks((arn, *others), account=work.house.home)


def _create_asks(work: Work, *, name: str, **_others: object) -> Asks:
    return _on(work, name)


@operation("iamkit:CreateGuardrail", access="Permissions management", on=("guardrail",), asks=_create_asks)
def create_guardrail(
    work: Work, *, name: str, policy_document: str, kind: str = "guardrail", description: str = ""
) -> Guardrail:
    """Make a guardrail; it limits nothing until it is attached. Raises MalformedPolicyDocument."""
    return guardrails.create(
        work.unit,
        work.house,
        name=name,
        text=policy_document,
        kind=guardrails.checked_kind(kind),
        description=description,
    )


def _named_asks(work: Work, *, name: str) -> Asks:
    return _on(work, name)


@operation("iamkit:GetGuardrail", access="Read", on=("guardrail",), asks=_named_asks)
def get_guardrail(work: Work, *, name: str) -> GuardrailDetails:
    """A guardrail, its text and where it is attached. Raises NoSuchEntity."""
    found = guardrails.get(work.unit, name)
    text = documents.text_of(work.unit, found.digest)
    return GuardrailDetails(found, text, guardrails.targets_of(work.unit, found.arn))


def _list_asks(work: Work, **_others: object) -> Asks:
    return Asks((work.house.own_arn(work.house.home, "guardrail/"),), account=work.house.home)


@operation("iamkit:ListGuardrails", access="List", on=("guardrail",), asks=_list_asks)
def list_guardrails(
    work: Work, *, marker: str | None = None, max_items: int | None = None
) -> Page[Guardrail]:
    """All guardrails, by name; the shipped ones are not among them."""
    return page(
        lambda after, limit: guardrails.listing(work.unit, after=after, limit=limit),
        lambda guardrail: guardrail.name_key,
        marker=marker,
        max_items=max_items,
    )


def _update_asks(work: Work, *, name: str, **_others: object) -> Asks:
    return _on(work, name)


@operation("iamkit:UpdateGuardrail", access="Permissions management", on=("guardrail",), asks=_update_asks)
def update_guardrail(
    work: Work, *, name: str, policy_document: str | None = None, description: str | None = None
) -> Guardrail:
    """Replace a guardrail's document or description, wherever it is attached, at once."""
    return guardrails.update(work.unit, work.house, name=name, text=policy_document, description=description)


@operation("iamkit:DeleteGuardrail", access="Permissions management", on=("guardrail",), asks=_named_asks)
def delete_guardrail(work: Work, *, name: str) -> None:
    """Remove a guardrail. Raises DeleteConflict while it is attached."""
    guardrails.delete(work.unit, name)


def _attach_asks(work: Work, *, guardrail: str, target_id: str) -> Asks:
    return Asks((_arn(work, guardrail), _target_arn(work, target_id)), account=work.house.home)


@operation(
    "iamkit:AttachGuardrail",
    access="Permissions management",
    on=("guardrail", "node", "account"),
    asks=_attach_asks,
)
def attach_guardrail(work: Work, *, guardrail: str, target_id: str) -> None:
    """Put a guardrail (a name, or the ARN of a shipped one) on a node of the tree or an account."""
    if target_id.isdigit():
        accounts.get(work.unit, target_id)
    else:
        tree.get(work.unit, target_id)
    guardrails.attach(work.unit, work.house, arn=_arn(work, guardrail), target_id=target_id)


@operation(
    "iamkit:DetachGuardrail",
    access="Permissions management",
    on=("guardrail", "node", "account"),
    asks=_attach_asks,
)
def detach_guardrail(work: Work, *, guardrail: str, target_id: str) -> None:
    """Take a guardrail off. A level left without any refuses everybody below it (SEM-E4)."""
    guardrails.detach(work.unit, arn=_arn(work, guardrail), target_id=target_id)


def _targets_asks(work: Work, *, target_id: str) -> Asks:
    return Asks((_target_arn(work, target_id),), account=work.house.home)


@operation("iamkit:ListGuardrailsForTarget", access="List", on=("node", "account"), asks=_targets_asks)
def list_guardrails_for_target(work: Work, *, target_id: str) -> Page[str]:
    """The ARNs of the guardrails on a node or account, the shipped ones included."""
    return Page(guardrails.attached_to(work.unit, target_id))


def _arn(work: Work, guardrail: str) -> str:
    if guardrail in work.house.shipped:
        return guardrail
    own = guardrails.arn_of(work.house, "")
    name = checked_name("guardrail", guardrail.removeprefix(own))
    found = guardrails.named(work.unit, name)
    return guardrails.arn_of(work.house, name) if found is None else found.arn


def _target_arn(work: Work, target_id: str) -> str:
    kind = "account" if target_id.isdigit() else "node"
    return work.house.own_arn(work.house.home, f"{kind}/{checked_name('guardrail', target_id)}")
