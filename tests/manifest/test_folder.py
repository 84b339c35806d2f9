"""Folders that somebody else wrote: nothing outside is read or written, and nothing doubtful is taken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import AccessDenied, InputError
from iamkit.identity import resource_policies
from iamkit.management.resource_policies import put_resource_policy
from iamkit.manifest.document import Document
from iamkit.manifest.entries import SECTIONS, Entry, ResourcePolicyEntry, UserEntry
from iamkit.manifest.files import LARGEST
from iamkit.manifest.folder import Folder, file_name

if TYPE_CHECKING:
    from tests.manifest.conftest import Town

ACCOUNT = "111122223333"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that describes users and policies and has none."""
    made = tmp_path / "f"
    for section in ("users", "policies", "resource-policies"):
        (made / section).mkdir(parents=True)
    sections = ["users", "policies", "resource-policies"]
    head = {"format": 1, "partition": "aws", "account": ACCOUNT, "sections": sections}
    (made / "account.json").write_text(json.dumps(head))
    return made


def read(path: Path) -> list[Entry]:
    """Everything that a folder says."""
    folder = Folder(path)
    return [entry for section in folder.account().sections for entry in folder.entries(section)]


def put(path: Path, name: str, held: object) -> None:
    """Write a file of a folder."""
    (path / name).write_text(held if isinstance(held, str) else json.dumps(held), "utf-8")


@pytest.mark.parametrize(
    ("name", "held", "told"),
    [
        ("users/ana.json", {"name": "ana", "pasword": "x"}, "pasword"),
        ("users/ana.json", {"name": "ana", "user_id": "AIDA"}, "user_id"),
        ("users/ana.json", {"name": "bob"}, "called as what it holds"),
        ("users/ana.json", {"name": "Ana"}, "called as what it holds"),
        ("users/ana.json", {"path": "/"}, "lacks the member `name`"),
        ("users/ana.json", ["ana"], "no JSON object"),
        ("users/ana.json", '{"name": "ana", "name": "ana"}', "given twice"),
        ("users/ana.json", '{"name": "ana", "path": "/app"}', "slash"),
        ("users/ana.json", '{"name": "ana", "enabled": 1}', "true or false"),
        ("users/ana.json", '{"name": "ana", "groups": ["a", "A"]}', "given twice"),
        ("users/ana.json", '{"name": "ana", "groups": "a"}', "a list"),
        ("users/ana.json", '{"name": "ana", "tags": {"a": 1}}', "a text"),
        ("users/ana.json", '{"name": "ana", "tags": {"a": "\\ud800"}}', "surrogate"),
        ("users/ana.json", '{"name": "ana", "inline_policies": {"a/b": {}}}', "a/b"),
        ("users/ana.json", '{"name": "ana", "inline_policies": {"a": [1]}}', "JSON object"),
        ("users/ana.json", "{" * 100_000, "cannot be read"),
        ("users/ana.json", '{"name": ' + "[" * 900 + "]" * 900 + "}", "nested"),
        ("users/ana.json", "", "cannot be read"),
        ("users/ana.json", '{"name": "ana"} x', "cannot be read"),
        ("users/ana.json", " " * (LARGEST + 1), "larger"),
        ("users/..json", {"name": "../../x"}, "may hold only"),
        ("users/ana", {"name": "ana"}, "take it out"),
        ("users/ana.json~", {"name": "ana"}, "take it out"),
        ("policies/p.json", {"name": "p"}, "lacks the member `document`"),
        ("policies/p.json", {"name": "p", "document": {"A": 1.5}}, "written as a text|write it as a text"),
        ("policies/p.json", {"name": "p", "document": DOCUMENT, "other_versions": ["v1"]}, "other_versions"),
        ("account.json", {"format": 2}, "format"),
        ("account.json", {"format": True}, "format"),
        ("account.json", {"format": 1, "partition": "aws", "account": "1", "sections": []}, "12 digits"),
        (
            "account.json",
            {"format": 1, "partition": "aws", "account": ACCOUNT, "sections": ["../users"]},
            "sections",
        ),
        (
            "account.json",
            {"format": 1, "partition": "aws", "account": ACCOUNT, "sections": [["users"]]},
            "list",
        ),
        (
            "account.json",
            {"format": 1, "partition": "aws", "account": ACCOUNT, "sections": [], "secret": "x"},
            "secret",
        ),
        ("users.json", {}, "no part of an account"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(
    path: Path, name: str, held: object, told: str
) -> None:
    """A member that means nothing here may have meant something to whoever wrote it."""
    put(path, name, held)
    with pytest.raises(InputError, match=told):
        read(path)


def test_a_misspelt_section_is_refused(path: Path) -> None:
    """Else everybody who stands in it would be deleted by pruning."""
    (path / "usres").mkdir()
    with pytest.raises(InputError, match="did you mean `users`"):
        read(path)


def test_names_that_differ_by_case_only_are_refused(path: Path) -> None:
    """They would be one user."""
    put(path, "users/ana.json", {"name": "ana"})
    put(path, "users/Ana.json", {"name": "Ana"})
    with pytest.raises(InputError, match="more than case"):
        read(path)


def test_two_policies_of_one_resource_are_refused(path: Path) -> None:
    """Whatever their files are called."""
    arn = f"arn:aws:docs::{ACCOUNT}:doc/1"
    put(path, "resource-policies/a.json", {"resource": arn, "document": DOCUMENT})
    assert [entry for entry in read(path) if isinstance(entry, ResourcePolicyEntry)]
    put(path, "resource-policies/b.json", {"resource": arn, "document": DOCUMENT})
    with pytest.raises(InputError, match="are of the same"):
        read(path)


def test_links_are_not_followed(path: Path, tmp_path: Path) -> None:
    """Neither files nor folders, wherever they lead; the folder itself may be one."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ana.json").write_text('{"name": "ana"}')
    link = path / "users" / "ana.json"
    link.symlink_to(outside / "ana.json")
    with pytest.raises(InputError, match="cannot be used"):
        read(path)
    link.unlink()
    (path / "users").rmdir()
    for target in (outside, tmp_path / "nowhere"):
        (path / "users").symlink_to(target)
        with pytest.raises(InputError, match="no part of an account"):
            read(path)
        with pytest.raises(InputError, match="cannot be used"):
            list(Folder(path).entries("users"))
        with pytest.raises(InputError, match="cannot be used"):
            Folder(path).write_section("users", iter([UserEntry("bob")]))
        (path / "users").unlink()
    assert sorted(os.listdir(outside)) == ["ana.json"]
    (tmp_path / "way").symlink_to(path)
    assert read(tmp_path / "way") == []


def test_pipes_and_devices_are_not_waited_for(path: Path) -> None:
    """A pipe would never end."""
    os.mkfifo(path / "users" / "ana.json")
    with pytest.raises(InputError, match="no plain file"):
        read(path)


def test_writing_replaces_a_link_and_leaves_what_it_led_to(path: Path, tmp_path: Path) -> None:
    """A file that was there is not written through."""
    (tmp_path / "target").write_text("mine")
    (path / "users" / "ana.json").symlink_to(tmp_path / "target")
    Folder(path).write_section("users", iter([UserEntry("ana")]))
    assert (tmp_path / "target").read_text() == "mine"
    assert not (path / "users" / "ana.json").is_symlink()
    assert read(path) == [UserEntry("ana")]


def test_names_of_files_stay_in_their_folder(tmp_path: Path) -> None:
    """Whatever an ARN holds, and however long it is."""
    for resource in ("../../etc/passwd", "/", "a" * 1800, "\u202e\n\x00", ".", "a\\b", "ä/ö", "-rf"):
        name = file_name(ResourcePolicyEntry(f"arn:aws:docs::{ACCOUNT}:{resource}", _document()))
        assert "/" not in name
        assert "\x00" not in name
        assert not name.startswith((".", "-"))
        assert len(name) < 128
    assert file_name(ResourcePolicyEntry("arn:aws:a:::b/c", _document())) != file_name(
        ResourcePolicyEntry("arn:aws:a:::b-c", _document())
    )
    assert [file_name(UserEntry(name)) for name in ("..", ".")] == ["...json", "..json"]


def test_a_folder_of_something_else_is_not_written_into(town: Town, tmp_path: Path) -> None:
    """Files that were there before might be meant to stay."""
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "thesis.txt").write_text("all of it")
    with pytest.raises(InputError, match=r"account\.json"):
        town.export(tmp_path / "f")
    other = town.export(tmp_path / "g")
    head = json.loads((other / "account.json").read_text())
    (other / "account.json").write_text(json.dumps(head | {"account": "999900001111"}))
    with pytest.raises(InputError, match="name another folder"):
        town.export(other)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        town.export(tmp_path / "file")


def test_nothing_is_written_over_an_odd_section(town: Town, tmp_path: Path) -> None:
    """A file that is no entry may be somebody's work."""
    path = town.export(tmp_path / "f")
    (path / "users" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="take it out"):
        town.export(path)
    assert (path / "users" / "notes.txt").read_text() == "mine"


def test_an_export_that_was_broken_off_describes_nothing_and_is_taken_up_again(
    town: Town, tmp_path: Path
) -> None:
    """Half of the users must not look like all of them to whoever prunes."""
    resource = f"arn:aws:docs::{ACCOUNT}:doc/1"
    closed = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}
    town.do(put_resource_policy, resource_arn=resource, policy_document=json.dumps(closed))
    with pytest.raises(AccessDenied):
        town.export(tmp_path / "f")
    assert json.loads((tmp_path / "f" / "account.json").read_text())["sections"] == []
    with pytest.raises(InputError, match="no section"):
        town.prepare(tmp_path / "f", prune=True)
    with town.iam.store.write() as unit:
        resource_policies.delete(unit, account=ACCOUNT, resource_arn=resource)
    town.export(tmp_path / "f")
    assert town.prepare(tmp_path / "f").plan.is_empty
    assert Folder(tmp_path / "f").account().sections == tuple(SECTIONS)


def test_sections_are_as_operations_expect_them(path: Path) -> None:
    """What `account.json` may name is what there is."""
    assert tuple(SECTIONS)[:1] == ("policies",)
    assert Folder(path).account().sections == ("policies", "users", "resource-policies")


def _document() -> Document:
    return Document.of_text("{}")
