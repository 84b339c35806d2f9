"""Export, an empty deployment, apply, export: the same files to the byte, for whatever an account holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iamkit.credentials.secret import Secret
from iamkit.errors import InputError
from iamkit.identity.users import User
from iamkit.management import (
    access_keys,
    accounts,
    guardrails,
    instance_profiles,
    login_profiles,
    mfa,
    password_policy,
    resource_policies,
    tree,
    users,
)
from iamkit.manifest.entries import SECTIONS

if TYPE_CHECKING:
    from tests.manifest.conftest import Town

ACCOUNT = "111122223333"
READERS = "arn:aws:iam::aws:policy/ReadOnlyAccess"

names = st.text("abcXYZ019_+=,.@-", min_size=1, max_size=12)
paths = st.sampled_from(["/", "/app/", "/a/b/", "/../", "/%2e/"])
words = st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FFF), max_size=8)
tags = st.dictionaries(st.sampled_from(["team", "Stage", "größe", "a b"]), words, max_size=3)


@st.composite
def documents(draw: st.DrawFn, kind: str = "identity") -> str:
    """A document as people write it: laid out anyhow, members in any order, odd numbers."""
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        "Action": draw(st.sampled_from(["docs:Read", ["docs:*", "mail:Send"], "*"])),
    }
    if kind == "identity":
        statement["Resource"] = draw(
            st.sampled_from(["*", "arn:aws:docs:::doc/${aws:username}/*", ["arn:aws:docs:::doc/ä?*"]])
        )
    elif kind == "resource":
        statement["Principal"] = draw(st.sampled_from(["*", {"AWS": ACCOUNT}]))
        # Whoever is denied everything cannot read the policy either.
        statement["Action"] = "docs:Read"
    else:
        statement["Action"] = "sts:AssumeRole"
        statement["Principal"] = {"AWS": kind}
    if draw(st.booleans()):
        statement["Condition"] = draw(
            st.sampled_from(
                [
                    {"StringLike": {"aws:PrincipalTag/team": ["a*", "\u2028\u00e9\\"]}},
                    {"NumericLessThan": {"docs:Pages": 7}},
                    {"NumericLessThan": {"docs:Pages": 1.10}},
                    {"Bool": {"aws:MultiFactorAuthPresent": True}},
                ]
            )
        )
    if draw(st.booleans()):
        statement["Sid"] = draw(st.sampled_from(["One", "two2"]))
    order = draw(st.permutations(sorted(statement)))
    body = {"Version": "2012-10-17", "Statement": [{name: statement[name] for name in order}]}
    if draw(st.booleans()):
        body = dict(reversed(list(body.items())))
    return json.dumps(body, indent=draw(st.sampled_from([None, 1, 4])), ensure_ascii=draw(st.booleans()))


@st.composite
def towns(draw: st.DrawFn) -> dict[str, Any]:
    """What an account holds, as the parameters of operations."""

    def distinct(most: int) -> list[str]:
        return draw(st.lists(names, max_size=most, unique_by=lambda name: name.lower()))

    inline = st.dictionaries(names, documents(), max_size=2)
    policies = distinct(2)
    arns = [f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in policies]
    hung = st.lists(st.sampled_from([READERS, *arns]), unique=True, max_size=2)
    ceiling = st.sampled_from([None, *arns])
    groups = distinct(2)
    people = [name for name in distinct(3) if name.lower() != "administrator"]
    roles = distinct(3)
    trusted = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in people]
    trusted += [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in roles] + [ACCOUNT]
    common = {"attached_policies": hung, "inline_policies": inline}
    bounded = {**common, "tags": tags, "permissions_boundary": ceiling}
    in_groups = st.lists(st.sampled_from(groups), unique=True, max_size=2) if groups else st.just([])

    def some(wanted: list[str], **members: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
        return [{"name": name, **{key: draw(value) for key, value in members.items()}} for name in wanted]

    return {
        "policies": some(policies, document=documents(), description=words, tags=tags),
        "groups": some(groups, path=paths, **common),
        "users": some(people, path=st.just("/"), groups=in_groups, enabled=st.booleans(), **bounded),
        "roles": some(
            roles,
            trust_policy=st.sampled_from(trusted).flatmap(documents),
            description=words,
            max_session_duration=st.sampled_from([3600, 43200]),
            **bounded,
        ),
        "instance-profiles": some(distinct(2), role=st.sampled_from([None, *roles]), path=paths, tags=tags),
        "resource-policies": [
            {"resource": f"arn:aws:docs::{ACCOUNT}:doc/{word}", "document": draw(documents("resource"))}
            for word in draw(st.lists(st.sampled_from(["1", "a b", "ü/é", "../../x", "z"]), unique=True))
        ],
    }


def write(town: dict[str, Any], path: Path) -> None:
    """Write what an account should hold, as somebody writes it by hand."""
    for section, items in town.items():
        (path / section).mkdir(parents=True)
        for number, item in enumerate(items):
            name = item.get("name", f"some-{number}")
            (path / section / f"{name}.json").write_text(json.dumps(item), "utf-8")
    head = {"format": 1, "partition": "aws", "account": ACCOUNT, "sections": list(town)}
    (path / "account.json").write_text(json.dumps(head), "utf-8")


@settings(
    max_examples=12,
    deadline=None,
    # An account is made smaller by hand sooner than by trying.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=towns())
def test_an_account_comes_back_the_same(
    data: dict[str, Any],
    new_town: Callable[[], Town],
    new_path: Callable[[], Path],
    read_files: Callable[[Path], dict[str, str]],
    plain_details: Callable[[Town], str],
) -> None:
    """CAP-E7: written by hand, applied, exported, applied elsewhere, exported: byte for byte the same."""
    first, second = new_town(), new_town()
    by_hand = new_path()
    write(data, by_hand)
    first.apply(by_hand)
    exported = first.export(new_path())
    # What was applied is what is there, but for who was there before.
    assert not first.prepare(by_hand).plan.steps
    assert first.prepare(exported).plan.is_empty

    second.apply(exported)

    assert second.prepare(exported).plan.is_empty
    assert read_files(second.export(new_path())) == read_files(exported)
    assert plain_details(second) == plain_details(first)


def test_alias_and_password_policy_come_back(
    new_town: Callable[[], Town], new_path: Callable[[], Path], read_files: Callable[[Path], dict[str, str]]
) -> None:
    """They stand in `account.json`, and are taken away where it says null."""
    first, second = new_town(), new_town()
    first.do(accounts.create_account_alias, account_alias="acme")
    first.do(
        password_policy.update_account_password_policy,
        minimum_password_length=20,
        max_password_age=90,
        hard_expiry=True,
    )
    exported, empty = first.export(new_path()), second.export(new_path())

    second.apply(exported)
    assert read_files(second.export(new_path())) == read_files(exported)
    second.apply(empty)
    assert read_files(second.export(new_path())) == read_files(empty)


def test_guardrails_come_back_on_their_places_in_the_tree(
    new_town: Callable[[], Town], new_path: Callable[[], Path], read_files: Callable[[Path], dict[str, str]]
) -> None:
    """Nodes are named by their path, for their ids are of one deployment; a missing one is told."""
    first, second = new_town(), new_town()
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"docs:*","Resource":"*"}]}'
    node = first.do(tree.create_node, parent_id=root_of(first), name="prod")
    first.do(guardrails.create_guardrail, name="G", policy_document=text, description="no docs")
    for target in (root_of(first), node.node_id, ACCOUNT):
        first.do(guardrails.attach_guardrail, guardrail="G", target_id=target)
    exported = first.export(new_path())
    assert json.loads((exported / "guardrails" / "G.json").read_text())["targets"] == [
        "/",
        "/prod",
        ACCOUNT,
    ]
    with pytest.raises(InputError, match="/prod"):
        second.prepare(exported)
    second.do(tree.create_node, parent_id=root_of(second), name="prod")

    empty = second.export(new_path())
    second.apply(exported)
    assert second.prepare(exported).plan.is_empty
    assert read_files(second.export(new_path())) == read_files(exported)

    first.do(guardrails.detach_guardrail, guardrail="G", target_id=ACCOUNT)
    first.do(guardrails.update_guardrail, name="G", policy_document=text.replace("docs", "mail"))
    assert [step.operation.name for step in first.apply(exported).steps] == [
        "UpdateGuardrail",
        "AttachGuardrail",
    ]
    second.apply(empty, prune=True)
    assert second.prepare(empty).plan.is_empty


def root_of(town: Town) -> str:
    """The id of the root of the account tree."""
    (root,) = town.do(tree.list_nodes).items
    return str(root.node_id)


def test_no_secret_and_no_id_is_written(
    town: Town, tmp_path: Path, read_files: Callable[[Path], dict[str, str]]
) -> None:
    """Nothing that proves who somebody is, and nothing that only one deployment knows."""
    key = town.do(access_keys.create_access_key, user_name="administrator")
    secret = "three quiet otters"
    town.do(login_profiles.create_login_profile, user_name="administrator", password=Secret(secret))
    town.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="phone")

    text = "".join(read_files(town.export(tmp_path / "f")).values())

    with town.iam.store.read() as reader:
        ids = [user.user_id for user in reader.find(User)]
    assert all(item not in text for item in (secret, key.key.key_id, key.secret.reveal(), *ids))
    assert "AKIA" not in text
    assert "argon2" not in text


def test_an_export_over_an_older_one_removes_what_is_gone(
    town: Town, tmp_path: Path, read_files: Callable[[Path], dict[str, str]]
) -> None:
    """The folder is what the account is; other files beside the account's stay."""
    town.do(users.create_user, user_name="ana")
    town.do(resource_policies.put_resource_policy, resource_arn=_note(), policy_document=_open())
    town.do(instance_profiles.create_instance_profile, instance_profile_name="box")
    path = town.export(tmp_path / "f")
    (path / "README.md").write_text("ours")
    (path / ".gitignore").write_text("")
    town.do(users.delete_user, user_name="ana")
    town.do(resource_policies.delete_resource_policy, resource_arn=_note())

    found = read_files(town.export(path))

    assert "users/ana.json" not in found
    assert not any(name.startswith("resource-policies") for name in found)
    assert {"README.md", ".gitignore", "instance-profiles/box.json", "users/administrator.json"} <= set(found)


def test_what_is_exported_in_part_describes_that_part_only(town: Town, tmp_path: Path) -> None:
    """A folder of groups alone says nothing of users, so nothing of theirs is surplus."""
    path = town.export(tmp_path / "f", "groups")
    town.do(users.create_user, user_name="ana")
    assert json.loads((path / "account.json").read_text())["sections"] == ["groups"]
    assert town.prepare(path, prune=True).plan.is_empty
    town.export(path, "users")
    assert json.loads((path / "account.json").read_text())["sections"] == ["groups", "users"]
    assert set(SECTIONS) > {"groups", "users"}


def _note() -> str:
    return f"arn:aws:docs::{ACCOUNT}:note/1"


def _open() -> str:
    return '{"Statement":{"Effect":"Allow","Principal":"*","Action":"docs:Read"}}'
