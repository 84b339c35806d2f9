"""The wiring: rooms are made once, late, and are not shared."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from iamkit import IAM, HttpRequest, MemoryStore, Principal, hookimpl
from iamkit.errors import ConfigurationError, MalformedPolicyDocument
from iamkit.identity.shipped import ShippedPolicy
from iamkit.management import attachments, inline, users
from iamkit.policy import Action, Service
from iamkit.policy.operators import STANDARD, Operator
from iamkit.policy.request import ContextValue
from iamkit.settings import Settings


def _iam(tmp_path: Path, *plugins: object) -> IAM:
    iam = IAM(tmp_path, store=MemoryStore(), plugins=plugins, entry_points=False)
    iam.initialize()
    return iam


def test_two_deployments_in_one_process_share_nothing(tmp_path: Path) -> None:
    """A user of one is nobody in the other."""
    first, second = _iam(tmp_path / "a"), _iam(tmp_path / "b")

    first.desk(first.operator()).do(users.create_user, user_name="ana")

    assert first.deployment() != second.deployment()
    assert second.desk(second.operator()).do(users.list_users).items[0].name == "administrator"


def test_a_room_is_made_once_even_by_many_threads(tmp_path: Path) -> None:
    """Sixteen threads that ask at the same moment get one gate, and its authenticators stand in it once."""
    iam = _iam(tmp_path)
    ready = threading.Barrier(16)
    found: list[object] = []

    def ask() -> None:
        ready.wait()
        found.append((id(iam.gate), id(iam.principals), id(iam._gate_parts)))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    registered = [type(found.plugin) for found in iam._hooks.hook.iamkit_authenticate.get_hookimpls()]
    assert len(registered) == len(set(registered))


WRITE = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "docs:Put", "Resource": "*"}]}"""


class _Vocabulary:
    @hookimpl
    def iamkit_services(self) -> Sequence[Service]:
        return [Service("docs", actions=(Action("Get", "Read"), Action("Put", "Write")))]

    @hookimpl
    def iamkit_policies(self) -> Sequence[ShippedPolicy]:
        return [ShippedPolicy("DocsWriter", WRITE, path="/docs/")]


def test_what_a_plugin_declares_joins_what_is_shipped(tmp_path: Path) -> None:
    """Its reading actions are in ReadOnlyAccess, and its own policies can be attached (CAP-E2)."""
    iam = _iam(tmp_path, _Vocabulary())
    desk = iam.desk(iam.operator())
    desk.do(users.create_user, user_name="ana")

    desk.do(
        attachments.attach_user_policy, user_name="ana", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )

    ana = iam.find_principal("ana")
    assert ana.can("docs:Get", "doc/1")
    assert not ana.can("docs:Put", "doc/1")
    desk.do(
        attachments.attach_user_policy, user_name="ana", policy_arn="arn:aws:iam::aws:policy/docs/DocsWriter"
    )
    assert iam.find_principal("ana").can("docs:Put", "doc/1")


class _Keys:
    @hookimpl
    def iamkit_context(self, request: HttpRequest | None, principal: Principal) -> Mapping[str, ContextValue]:
        return {"desk:Floor": 2}


class _Renaming:
    """An operator under a name of its own, which does what NumericEquals does."""

    @hookimpl
    def iamkit_operators(self) -> Sequence[Operator]:
        return [replace(STANDARD["NumericEquals"], name="NumericIs")]


IS_TWO = """{"Version": "2012-10-17", "Statement": [{
  "Effect": "Allow", "Action": "lab:Enter", "Resource": "*",
  "Condition": {"NumericIs": {"desk:Floor": "2"}}}]}"""


def test_an_operator_of_a_plugin_works_from_saving_to_deciding(tmp_path: Path) -> None:
    """A policy that uses it is accepted where the plugin is, and refused where it is not."""
    with_plugin, without = _iam(tmp_path / "a", _Renaming(), _Keys()), _iam(tmp_path / "b", _Keys())
    for iam in (with_plugin, without):
        iam.desk(iam.operator()).do(users.create_user, user_name="ana")

    with_plugin.desk(with_plugin.operator()).do(
        inline.put_user_policy, user_name="ana", policy_name="lab", policy_document=IS_TWO
    )

    verdict = with_plugin.check("lab:Enter", principal=with_plugin.find_principal("ana"))
    assert verdict
    assert with_plugin.why(verdict.id).explanation is not None
    with pytest.raises(MalformedPolicyDocument, match="NumericIs"):
        without.desk(without.operator()).do(
            inline.put_user_policy, user_name="ana", policy_name="lab", policy_document=IS_TWO
        )


class _Clashing:
    @hookimpl
    def iamkit_operators(self) -> Sequence[Operator]:
        return [STANDARD["StringEquals"]]


def test_a_plugin_cannot_replace_an_operator(tmp_path: Path) -> None:
    """A name that exists is a configuration error, not a new meaning."""
    with pytest.raises(ConfigurationError, match="StringEquals"):
        _iam(tmp_path, _Clashing())


def test_an_unknown_key_provider_is_refused(tmp_path: Path) -> None:
    """Nothing starts without the key that was named."""
    iam = IAM(tmp_path, store=MemoryStore(), kek="vault:nowhere", entry_points=False)

    with pytest.raises(ConfigurationError, match="vault:nowhere"):
        iam.initialize()


class Lamp:
    """A plugin with settings of its own."""

    @hookimpl
    def iamkit_settings(self, settings: Settings) -> str:
        if "color" not in settings.section("lamp"):
            raise ConfigurationError("`lamp.color` is missing")
        return "lamp"


def test_plugins_check_their_settings_before_anything_is_opened(tmp_path: Path) -> None:
    """What is missing, and what belongs to nobody, stops the start."""
    IAM(tmp_path, plugins=[Lamp()], entry_points=False, lamp={"color": "red"}).close()
    with pytest.raises(ConfigurationError, match=r"lamp\.color"):
        IAM(tmp_path, plugins=[Lamp()], entry_points=False)
    with pytest.raises(ConfigurationError, match="`lamb`"):
        IAM(tmp_path, plugins=[Lamp()], entry_points=False, lamp={"color": "red"}, lamb={"age": 1})
    assert list(tmp_path.iterdir()) == []
