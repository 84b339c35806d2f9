"""A blueprint as a folder of JSON files, one an entity, made to be read, edited and compared line by line.

A document is written as JSON within the file if it can be had back letter for letter from that, by one of a
few ways to print JSON, which is then named beside it (`trust_form`, `inline_forms`); else as a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final
from urllib.parse import quote

from iamkit.errors import InputError
from iamkit.identity.blueprint import (
    AccountPlan,
    Blueprint,
    GroupPlan,
    OidcPlan,
    Plan,
    PolicyPlan,
    ProfilePlan,
    RolePlan,
    SamlPlan,
    UserPlan,
)

ACCOUNT: Final = "account.json"
FOLDERS: Final[Mapping[str, type[Any]]] = {
    "users": UserPlan,
    "groups": GroupPlan,
    "roles": RolePlan,
    "policies": PolicyPlan,
    "instance-profiles": ProfilePlan,
    "oidc-providers": OidcPlan,
    "saml-providers": SamlPlan,
}
_FOLDER_OF: Final = {kind: folder for folder, kind in FOLDERS.items()}

# Ways to print JSON. The first is what a document without a named form is printed by.
_FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "indent-2": {"indent": 2},
    "indent-4": {"indent": 4},
}
_COMPACT: Final = "compact"
# Fields that hold one document, and many by name.
_DOCUMENT: Final = ("trust",)
_DOCUMENTS: Final = ("inline", "versions")


def path_of(plan: Plan) -> str:
    """Where an entity's file is, below the folder. No name leads out of it."""
    if isinstance(plan, AccountPlan):
        return ACCOUNT
    name = plan.name.removeprefix("https://") if isinstance(plan, OidcPlan) else plan.name
    return f"{_FOLDER_OF[type(plan)]}/{quote(name, safe='+=,@')}.json"


def text_of(plan: Plan) -> str:
    """The content of an entity's file. What is as by default is left out."""
    data: dict[str, object] = {}
    for part in fields(plan):
        value = getattr(plan, part.name)
        if value == _default(part) or (part.name != "versions" and value in ((), {})):
            continue
        if part.name in _DOCUMENT:
            data[part.name], form = _shown(value)
            if form != _COMPACT:
                data[f"{part.name}_form"] = form
        elif part.name in _DOCUMENTS:
            shown = {name: _shown(value[name]) for name in sorted(value)}
            data[part.name] = {name: document for name, (document, _) in shown.items()}
            forms = {name: form for name, (_, form) in shown.items() if form != _COMPACT}
            if forms:
                data[f"{part.name}_forms"] = forms
        else:
            data[part.name] = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def blueprint_of(files: Iterable[tuple[str, str]]) -> Blueprint:
    """The blueprint of a folder: paths below it with their content. Raises InputError naming the file."""
    try:
        return Blueprint.of(_plans(files))
    except ValueError as fault:
        raise InputError(str(fault)) from None


def _plans(files: Iterable[tuple[str, str]]) -> Iterator[Plan]:
    for path, text in files:
        folder, _, _ = path.rpartition("/")
        kind = AccountPlan if path == ACCOUNT else FOLDERS.get(folder)
        if kind is None:
            raise InputError(f"`{path}` is no file of a blueprint; its folder is one of {', '.join(FOLDERS)}")
        plan: Plan = _plan(path, text, kind)
        if path_of(plan) != path:
            raise InputError(f"`{path}` describes `{path_of(plan)}`; a file is named as what it describes")
        yield plan


def _plan(path: str, text: str, kind: type[Any]) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except ValueError as fault:
        raise InputError(f"`{path}` is no JSON: {fault}") from None
    if not isinstance(data, dict):
        raise InputError(f"`{path}` must hold a JSON object")
    values: dict[str, object] = {}
    for part in fields(kind):
        if part.name not in data:
            if part.default is MISSING and part.default_factory is MISSING:
                raise InputError(f"`{path}` lacks `{part.name}`")
            continue
        value = data.pop(part.name)
        if part.name in _DOCUMENT:
            values[part.name] = _document(path, part.name, value, data.pop(f"{part.name}_form", _COMPACT))
        elif part.name in _DOCUMENTS:
            forms = data.pop(f"{part.name}_forms", {})
            values[part.name] = _documents(path, part.name, value, forms)
        else:
            values[part.name] = _checked(path, part, value)
    if data:
        raise InputError(f"`{path}` holds `{next(iter(data))[:80]}`, which means nothing here")
    plan = kind(**values)
    if isinstance(plan, PolicyPlan) and plan.default not in plan.versions:
        raise InputError(f"`{path}`: the default version `{plan.default[:40]}` is none of its versions")
    return plan


def _documents(path: str, name: str, value: object, forms: object) -> dict[str, str]:
    if not isinstance(value, dict) or not isinstance(forms, dict):
        raise InputError(f"`{path}`: `{name}` must be an object of documents")
    return {key: _document(path, key, item, forms.get(key, _COMPACT)) for key, item in value.items()}


def _document(path: str, name: str, value: object, form: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(form, str) or form not in _FORMS:
        raise InputError(f"`{path}`: the form of `{name}` must be one of {', '.join(_FORMS)}")
    return json.dumps(value, ensure_ascii=False, **_FORMS[form])


def _shown(text: str) -> tuple[object, str]:
    """A document as JSON, with the form that it can be had back by; or the text itself."""
    try:
        read = json.loads(text, object_pairs_hook=_once)
    except ValueError:
        return text, _COMPACT
    for form, how in _FORMS.items():
        if isinstance(read, dict) and json.dumps(read, ensure_ascii=False, **how) == text:
            return read, form
    return text, _COMPACT


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found


def _default(part: Field[Any]) -> object:
    return part.default if part.default is not MISSING else MISSING


def _checked(path: str, part: Field[Any], value: object) -> object:
    """`value` in the shape of the field."""
    kind = str(part.type)
    good = (
        (value is None and "None" in kind)
        or (kind.startswith("str") and isinstance(value, str))
        or (kind == "bool" and isinstance(value, bool))
        or (kind == "int" and isinstance(value, int) and not isinstance(value, bool))
        or (kind.startswith("tuple") and _texts(value))
        or (kind == "Mapping[str, str]" and isinstance(value, dict) and _texts(list(value.values())))
        or (kind.startswith("Mapping[str, object]") and isinstance(value, dict))
    )
    if not good:
        raise InputError(f"`{path}`: `{part.name}` is of the wrong kind")
    return tuple(value) if isinstance(value, list) else value


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
