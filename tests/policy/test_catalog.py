"""The catalog: lookups that ignore case, families of keys, and nearest names."""

from __future__ import annotations

import pytest

from iamkit.policy import STANDARD_CATALOG, Action, Catalog, ConditionKey, ResourceType, Service

DOC = Service(
    prefix="doc",
    actions=(Action("GetDocument", "Read", ("document",)), Action("ListDocuments", "List")),
    resource_types=(ResourceType("document", "arn:${Partition}:doc::${Account}:document/${Id}"),),
    condition_keys=(ConditionKey("doc:Owner"), ConditionKey("doc:Labels", multivalued=True)),
)


def test_names_ignore_case() -> None:
    """Services, actions and keys are found in any case."""
    catalog = STANDARD_CATALOG.with_services([DOC])

    assert catalog.service("DOC") is DOC
    assert catalog.action("doc:getdocument") == DOC.actions[0]
    assert catalog.key("DOC:labels") == DOC.condition_keys[1]
    assert catalog.resource_type("doc", "document") == DOC.resource_types[0]
    assert catalog.actions() == ("doc:GetDocument", "doc:ListDocuments")


def test_what_is_not_registered_is_not_found() -> None:
    """Unknown names answer None, also names that only look like a family."""
    assert STANDARD_CATALOG.service("doc") is None
    assert STANDARD_CATALOG.action("doc:GetDocument") is None
    assert STANDARD_CATALOG.resource_type("doc", "document") is None
    assert STANDARD_CATALOG.key("aws:NoSuchKey") is None
    assert STANDARD_CATALOG.key("aws:PrincipalTag/") is None


def test_tags_are_families_of_keys() -> None:
    """Every tag is a key of its family's type."""
    key = STANDARD_CATALOG.key("aws:principaltag/Cost/Center")

    assert key is not None
    assert (key.name, key.type, key.multivalued) == ("aws:PrincipalTag/", "String", False)


def test_lists_are_known_as_lists() -> None:
    """The list-typed keys of the language are marked."""
    for name in ("aws:TagKeys", "aws:CalledVia", "aws:PrincipalOrgPaths", "sts:TransitiveTagKeys"):
        key = STANDARD_CATALOG.key(name)
        assert key is not None
        assert key.multivalued


def test_nearest_names() -> None:
    """A mistyped name finds the registered one."""
    catalog = Catalog((DOC,))

    assert catalog.nearest_actions("doc:GetDocumnt", 1) == ("doc:GetDocument",)
    assert "aws:SourceIp" in catalog.nearest_keys("aws:SourceIPs")
    assert catalog.nearest_actions("zzz:qqq") == ()


def test_contradictions_are_refused() -> None:
    """One prefix is one service, one key has one type."""
    with pytest.raises(ValueError, match="prefix"):
        Catalog((DOC, Service("Doc")))
    with pytest.raises(ValueError, match="two types"):
        Catalog((Service("doc", condition_keys=(ConditionKey("aws:SourceIp", "String"),)),))
