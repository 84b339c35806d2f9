"""Forms become typed input, or a refusal that says what is wrong."""

from __future__ import annotations

import pytest

from iamkit.api.model import Models, OperationModel
from iamkit.api.query import form_of, input_of
from iamkit.errors import MalformedQueryString, ValidationError


def _operation(models: Models, name: str) -> OperationModel:
    return models.services["iam"].operations[name]


def test_structures_lists_and_numbers_are_read(models: Models) -> None:
    """Members of members by their dotted names, in the order of their numbers."""
    form = form_of(
        b"Action=TagUser&Version=2010-05-08&UserName=ana&Tags.member.2.Key=b&Tags.member.2.Value="
        b"&Tags.member.1.Key=a+b&Tags.member.1.Value=%C3%A4"
    )

    assert input_of(_operation(models, "TagUser"), form) == {
        "UserName": "ana",
        "Tags": ({"Key": "a b", "Value": "ä"}, {"Key": "b", "Value": ""}),
    }


def test_an_empty_list_is_written_as_nothing(models: Models) -> None:
    """`Tags=` is what clients send for an empty list."""
    assert input_of(_operation(models, "CreateUser"), {"UserName": "ana", "Tags": ""})["Tags"] == ()


@pytest.mark.parametrize(
    "text",
    [b"a=1&a=2", b"a=%ff", b"novalue", b"a=\xc3\xa4", "&".join(f"a{n}=1" for n in range(10_001)).encode()],
    ids=["twice", "not UTF-8", "no equals sign", "not ASCII", "too many"],
)
def test_a_form_that_is_none_is_refused(text: bytes) -> None:
    """Twice the same name, another encoding, no pairs, too many of them."""
    with pytest.raises(MalformedQueryString):
        form_of(text)


@pytest.mark.parametrize(
    "form",
    [
        {"Unheard": "1"},
        {"UserName.x": "1"},
        {"Tags.member.0.Key": "a"},
        {"Tags.member.x.Key": "a"},
        {"Tags.1.Key": "a"},
        {"Tags.member": "a"},
        {"Tags.member.1.Key": "a", "Tags": "x"},
        {"UserName": "a", "UserName.member.1": "b"},
        {".".join("a" * 20): "deep"},
        {"": "empty"},
    ],
)
def test_parameters_that_the_operation_has_not_are_refused(models: Models, form: dict[str, str]) -> None:
    """Nothing is ignored: it may have been meant as a limit."""
    with pytest.raises((MalformedQueryString, ValidationError)):
        input_of(_operation(models, "CreateUser"), {"UserName": "ana", **form})


@pytest.mark.parametrize(
    ("name", "form", "message"),
    [
        (
            "CreateRole",
            {"RoleName": "x" * 65, "AssumeRolePolicyDocument": "{}"},
            f"1 validation error detected: Value '{'x' * 65}' at 'roleName' failed to satisfy constraint:"
            " Member must have length less than or equal to 64",
        ),
        (
            "CreateUser",
            {},
            "1 validation error detected: Value null at 'userName' failed to satisfy constraint:"
            " Member must not be null",
        ),
        (
            "ListUsers",
            {"MaxItems": "0"},
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint:"
            " Member must have value greater than or equal to 1",
        ),
        (
            "ListUsers",
            {"MaxItems": "ten"},
            "1 validation error detected: Value 'ten' at 'maxItems' failed to satisfy constraint:"
            " Member must be a valid integer",
        ),
        (
            "UpdateAccessKey",
            {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA", "Status": "Sleeping"},
            "1 validation error detected: Value 'Sleeping' at 'status' failed to satisfy constraint:"
            " Member must satisfy enum value set: [Active, Inactive, Expired]",
        ),
        (
            "CreateUser",
            {"UserName": "a b", "Path": "no"},
            r"2 validation errors detected: Value 'no' at 'path' failed to satisfy constraint: Member must"
            r" satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F);"
            r" Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression"
            r" pattern: [\w+=,.@-]+",
        ),
        (
            "CreateLoginProfile",
            {"UserName": "ana", "Password": "p" * 129},
            "1 validation error detected: Value at 'password' failed to satisfy constraint:"
            " Member must have length less than or equal to 128",
        ),
    ],
)
def test_what_breaks_the_model_is_told_in_awss_words(
    models: Models, name: str, form: dict[str, str], message: str
) -> None:
    """Lengths, ranges, choices, patterns, what is missing; a secret's value is withheld."""
    with pytest.raises(ValidationError) as refused:
        input_of(_operation(models, name), form)

    assert refused.value.message == message
