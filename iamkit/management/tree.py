"""Operations on accounts of the deployment and the tree they hang on. They belong to the home account."""

from __future__ import annotations

from iamkit.errors import ConflictError
from iamkit.identity import accounts, tree
from iamkit.identity.accounts import Account, AccountStatus
from iamkit.identity.tree import TreeNode
from iamkit.ids import checked_name
from iamkit.management import closing
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page


def _home(work: Work, *resources: str) -> Asks:
    owned = tuple(work.house.own_arn(work.house.home, resource) for resource in resources)
    return Asks(owned, account=work.house.home)


def _place(kind: str, name: str) -> str:
    return f"{kind}/{checked_name('guardrail', name)}"


def _create_asks(work: Work, *, parent_id: str | None = None, **_others: object) -> Asks:
    parent = tree.root(work.unit).node_id if parent_id is None else parent_id
    return _home(work, "account/", _place("node", parent))


@operation("iamkit:CreateAccount", access="Write", on=("account", "node"), asks=_create_asks)
def create_account(work: Work, *, account_name: str, parent_id: str | None = None) -> Account:
    """Make an account below a node (default: the root), with a root user that has no credential."""
    return accounts.create(work.unit, work.house, name=account_name, node_id=parent_id)


def _list_asks(work: Work, **_others: object) -> Asks:
    return _home(work, "account/")


@operation("iamkit:ListAccounts", access="List", on=("account",), asks=_list_asks)
def list_accounts(work: Work, *, marker: str | None = None, max_items: int | None = None) -> Page[Account]:
    """All accounts of the deployment, by id."""
    return page(
        lambda after, limit: accounts.listing(work.unit, after=after, limit=limit),
        lambda account: account.account_id,
        marker=marker,
        max_items=max_items,
    )


def _move_asks(work: Work, *, account_id: str, parent_id: str) -> Asks:
    return _home(work, _place("account", account_id), _place("node", parent_id))


@operation("iamkit:MoveAccount", access="Permissions management", on=("account", "node"), asks=_move_asks)
def move_account(work: Work, *, account_id: str, parent_id: str) -> Account:
    """Hang an account on another node; its guardrails hold from the next request."""
    return accounts.move(work.unit, account_id, node_id=parent_id)


def _status_asks(work: Work, *, account_id: str) -> Asks:
    return closing.asks(work, account_id)


@operation("iamkit:SuspendAccount", access="Write", on=("account",), asks=_status_asks)
def suspend_account(work: Work, *, account_id: str) -> Account:
    """Refuse every credential of an account from the next request on. Raises NoSuchEntity, ConflictError."""
    return closing.close(work, account_id, AccountStatus.SUSPENDED)


@operation("iamkit:ResumeAccount", access="Write", on=("account",), asks=_status_asks)
def resume_account(work: Work, *, account_id: str) -> Account:
    """Lift a suspension. Raises ConflictError for an account that its owner closed."""
    if accounts.get(work.unit, account_id).status == AccountStatus.CLOSED:
        raise ConflictError("its owner closed this account; only the host operator opens it again")
    return accounts.set_status(work.unit, work.house, account_id, AccountStatus.ACTIVE)


def _create_node_asks(work: Work, *, parent_id: str, name: str) -> Asks:
    checked_name("guardrail", name)
    return _home(work, _place("node", parent_id))


@operation("iamkit:CreateNode", access="Write", on=("node",), asks=_create_node_asks)
def create_node(work: Work, *, parent_id: str, name: str) -> TreeNode:
    """Make an organizational unit. Raises NoSuchEntity, EntityAlreadyExists, LimitExceeded."""
    return tree.create(work.unit, work.house, parent_id=parent_id, name=name)


def _node_asks(work: Work, *, node_id: str) -> Asks:
    return _home(work, _place("node", node_id))


@operation("iamkit:DeleteNode", access="Write", on=("node",), asks=_node_asks)
def delete_node(work: Work, *, node_id: str) -> None:
    """Remove an empty organizational unit. Raises DeleteConflict."""
    tree.delete(work.unit, node_id, accounts=accounts.on_node(work.unit, node_id))


def _children_asks(work: Work, *, parent_id: str | None = None) -> Asks:
    return _home(work, "node/" if parent_id is None else _place("node", parent_id))


@operation("iamkit:ListNodes", access="List", on=("node",), asks=_children_asks)
def list_nodes(work: Work, *, parent_id: str | None = None) -> Page[TreeNode]:
    """The nodes directly below one, by name; without `parent_id`, the root alone."""
    if parent_id is None:
        return Page((tree.root(work.unit),))
    return Page(tuple(tree.children(work.unit, tree.get(work.unit, parent_id).node_id)))
