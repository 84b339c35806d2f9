"""Typed input becomes the arguments of operations, and every operation of the models can be called so."""

from __future__ import annotations

import pytest

from iamkit.api.bound import Bindings, Bound
from iamkit.api.model import Models, snake
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError, ValidationError

# Members that are refused, for there is nothing here that they could mean.
UNSUPPORTED = {
    "iam:SimulateCustomPolicy": {"OrderedOrganizationPolicyInputList", "ResourceHandlingOption"},
    "iam:SimulatePrincipalPolicy": {"PolicyExclusionList", "ResourceHandlingOption"},
    "sts:AssumeRole": {"MinimumSessionTokenSize", "ProvidedContexts"},
    "sts:AssumeRoleWithWebIdentity": {"MinimumSessionTokenSize"},
    "sts:GetFederationToken": {"MinimumSessionTokenSize"},
    "sts:GetSessionToken": {"MinimumSessionTokenSize"},
}


@pytest.fixture(scope="module")
def bound(models: Models) -> dict[str, Bound]:
    """By action."""
    return dict(Bindings.of(models).by_action)


def test_names_are_written_as_operations_write_them() -> None:
    """Abbreviations are words."""
    assert [snake(name) for name in ("SAMLProviderArn", "ClientIDList", "OpenIDConnectProviderArn")] == [
        "saml_provider_arn",
        "client_id_list",
        "open_id_connect_provider_arn",
    ]
    assert snake("AuthenticationCode1") == "authentication_code1"


def test_what_is_not_supported_is_listed(bound: dict[str, Bound]) -> None:
    """Every other member of every bound operation is one of its parameters."""
    found = {action: set(each.arguments.missing(each.model)) for action, each in bound.items()}

    assert {action: members for action, members in found.items() if members} == UNSUPPORTED


def test_a_member_that_is_not_supported_is_refused(bound: dict[str, Bound]) -> None:
    """Not ignored: it may have been meant as a limit."""
    arguments = bound["sts:GetSessionToken"].arguments
    with pytest.raises(InputError, match="MinimumSessionTokenSize"):
        arguments.made({"MinimumSessionTokenSize": 4096})


def test_every_secret_member_is_wrapped(bound: dict[str, Bound]) -> None:
    """What the model calls sensitive never reaches an operation as a bare text."""
    for each in bound.values():
        given = {
            name: "a secret"
            for name, member in each.model.input.members.items()
            if member.secret and name not in each.arguments.missing(each.model)
        }
        needed = {name: "x" for name in each.model.input.members if name not in given}
        if not given:
            continue
        made = each.arguments.made(
            {**{name: value for name, value in needed.items() if name in each.model.input.required}, **given}
            | ({"UserName": "x"} if "UserName" in each.model.input.members else {})
        )
        assert all(isinstance(made[snake(name)], Secret) for name in given), each.model.action


def test_tags_and_context_become_mappings(bound: dict[str, Bound]) -> None:
    """Pairs by their keys, each once whatever its case; a value or a list by its type."""
    tag = bound["iam:TagUser"].arguments
    simulate = bound["iam:SimulateCustomPolicy"].arguments
    entry = {"ContextKeyName": "aws:TagKeys", "ContextKeyValues": ("a", "b"), "ContextKeyType": "stringList"}
    asked = {"PolicyInputList": ("{}",), "ActionNames": ("docs:Get",)}

    assert tag.made({"UserName": "ana", "Tags": ({"Key": "a", "Value": "1"},)})["tags"] == {"a": "1"}
    assert simulate.made({**asked, "ContextEntries": (entry,)})["context_entries"] == {
        "aws:TagKeys": ("a", "b")
    }
    with pytest.raises(InputError, match="duplicate"):
        tag.made({"UserName": "ana", "Tags": ({"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"})})
    with pytest.raises(InputError, match="one value"):
        simulate.made({**asked, "ContextEntries": ({**entry, "ContextKeyType": "string"},)})


def test_what_the_operation_needs_and_the_model_does_not_is_asked_for(bound: dict[str, Bound]) -> None:
    """In the model's own words."""
    with pytest.raises(ValidationError, match="Value null at 'userName' failed"):
        bound["iam:DeleteLoginProfile"].arguments.made({})
