"""Amazon resource names: parsed, printed, and mended only in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.arn import Arn, corrected, iam_arn, root_arn, split
from iamkit.errors import InvalidArn

ACCOUNT = "111122223333"

legal = st.builds(
    Arn,
    partition=st.sampled_from(["aws", "aws-cn", "home"]),
    service=st.sampled_from(["iam", "doc", "my.app", "s3-x"]),
    region=st.sampled_from(["", "eu-west-1"]),
    account=st.sampled_from(["", "aws", ACCOUNT]),
    resource=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in [*range(32), 127]]),
        min_size=1,
        max_size=20,
    ),
)


@given(legal)
@settings(max_examples=100)
def test_printing_and_parsing_are_inverse(arn: Arn) -> None:
    """What is printed parses to the same name, whatever stands in the resource part (SEM-R1)."""
    assert Arn.parse(str(arn)) == arn


def test_the_sixth_part_keeps_its_colons_and_slashes() -> None:
    """Splitting stops after the fifth colon (SEM-R1)."""
    arn = Arn.parse(f"arn:aws:doc:eu-west-1:{ACCOUNT}:note:a/b:c")

    assert arn.resource == "note:a/b:c"
    assert arn.resource_type == "note"
    assert arn.name == "b:c"


def test_type_and_name_of_an_entity() -> None:
    """The type stands before the first separator, the name after the last slash."""
    arn = Arn.parse(iam_arn("aws", ACCOUNT, "user", "/family/", "jeff"))

    assert (arn.resource_type, arn.name) == ("user", "jeff")
    assert Arn.parse(root_arn("aws", ACCOUNT)).resource == "root"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "jeff",
        "ARN:aws:s3:::b",
        " arn:aws:s3:::b",
        "arn",
        "arn:",
        "arn:aws",
        "arn:aws:s3",
        "arn:aws:s3:::",
        "arn::s3:::b",
        "arn:aws::::b",
        "arn:AWS:s3:::b",
        "arn:aws:S3:::b",
        "arn:aws:s3::12345:b",
        "arn:aws:s3::1234567890123:b",
        "arn:aws:s3::١٢٣٤٥٦٧٨٩٠١٢:b",
        "arn:aws:s3:EU:1:b",
        "arn:aws:s3:::b\n",
        "arn:aws:s3:::a\nb",
        "arn:aws:s3:::a\x00",
        "arn:aws:s3:::a\x7f",
        "arn:aws:s3:::\ud800",
        "arn:a*:s3:::b",
    ],
)
def test_what_is_no_arn_is_refused(text: str) -> None:
    """Too few parts, other alphabets, control characters and what cannot be encoded are refused."""
    with pytest.raises(InvalidArn):
        Arn.parse(text)


def test_the_launch_posts_malformed_arn_is_corrected_in_words() -> None:
    """`arn:aws:s3::*` is refused, and the six-part form is suggested."""
    with pytest.raises(InvalidArn, match="5 of the six") as refused:
        split("arn:aws:s3::*")

    assert refused.value.suggestion == "arn:aws:s3:::*"
    assert "`arn:aws:s3:::*`" in refused.value.message


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("arn:aws:s3:bucket", "arn:aws:s3:::bucket"),
        ("arn:aws:s3::bucket/key", "arn:aws:s3:::bucket/key"),
        (f"arn:aws:iam:{ACCOUNT}:user/x", f"arn:aws:iam::{ACCOUNT}:user/x"),
        ("arn:aws:iam:aws:policy/x", "arn:aws:iam::aws:policy/x"),
        ("arn:aws:doc:eu-west-1:notes/a", "arn:aws:doc:eu-west-1::notes/a"),
    ],
)
def test_what_is_evident_is_suggested(text: str, meant: str) -> None:
    """The part between service and resource is taken for what it looks like, and never dropped."""
    assert corrected(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:s3",
        "s3:aws:x:y",
        "arn:aws:s3::",
        "arn:aws:s3:::b",
        f"arn:aws:iam::{ACCOUNT}",
        "arn::s3::b",
    ],
)
def test_what_is_not_evident_is_not_guessed(text: str) -> None:
    """Nothing is suggested without a resource, for a whole ARN, or for an account alone."""
    assert corrected(text) is None


@given(st.text(alphabet="arn:aws3*/-1", max_size=25).map(lambda tail: "arn:" + tail))
@settings(max_examples=100)
def test_a_suggestion_has_six_parts(text: str) -> None:
    """Whoever accepts a suggestion has an ARN, with the same last part."""
    suggestion = corrected(text)

    if suggestion is not None:
        assert split(suggestion)[5] == text.rsplit(":", 1)[-1]


def test_an_endless_text_is_not_echoed() -> None:
    """The message quotes only the beginning."""
    with pytest.raises(InvalidArn) as refused:
        Arn.parse("arn:aws:s3:::" + "\x00" * 100_000)

    assert len(refused.value.message) < 1000
