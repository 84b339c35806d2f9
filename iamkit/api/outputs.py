"""What an operation returned becomes typed output, by the shape of its answer and the tables of `views`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

from iamkit.api import report_views
from iamkit.api.constraints import Value
from iamkit.api.model import OperationModel, Shape
from iamkit.api.paging import Cut, paged, sealed
from iamkit.api.views import LEFT_OUT, VIEWS, Around
from iamkit.credentials.secret import Secret
from iamkit.management.paging import Page

_NOTHING: Final[frozenset[str]] = frozenset()
_PAGING: Final = ("IsTruncated", "Marker")
# What goes on as it is, which is most of it.
_PLAIN: Final = (str, int, bool, datetime)
_SCALARS: Final = ("string", "integer", "boolean", "timestamp")


def _document(member: str) -> Callable[[Any, Around], Mapping[str, object]]:
    """An inline policy: its text, with the names that were asked for."""
    return lambda text, around: {
        member: around.given[member],
        "PolicyName": around.given["PolicyName"],
        "PolicyDocument": text,
    }


# Answers whose parts are not the result itself, and not its only member either.
# Any: results of many types.
HEADS: Final[Mapping[str, Callable[[Any, Around], Mapping[str, object]]]] = {
    "iam:GetAccessKeyLastUsed": lambda key, _around: {"UserName": key.user_name, "AccessKeyLastUsed": key},
    "iam:GetUserPolicy": _document("UserName"),
    "iam:GetGroupPolicy": _document("GroupName"),
    "iam:GetRolePolicy": _document("RoleName"),
    "iam:ListEntitiesForPolicy": lambda found, _around: {
        "PolicyGroups": found.groups,
        "PolicyUsers": _once(found.users, found.bounded_users),
        "PolicyRoles": _once(found.roles, found.bounded_roles),
    },
    **report_views.HEADS,
    "iam:UploadServerCertificate": lambda face, _around: {
        "ServerCertificateMetadata": face,
        "Tags": face.tags or None,
    },
    "iam:SimulateCustomPolicy": lambda found, _around: {
        "EvaluationResults": [one.as_data() for one in found]
    },
    "iam:SimulatePrincipalPolicy": lambda found, _around: {
        "EvaluationResults": [one.as_data() for one in found]
    },
}


def output_of(
    model: OperationModel, result: object, around: Around, cut: Cut, *, pages_itself: bool
) -> dict[str, Value]:
    """The typed output. Raises LookupError if a member that the model requires comes from nowhere."""
    shape = model.output
    if shape is None:
        return {}
    left_out = LEFT_OUT.get(model.action, _NOTHING)
    head = HEADS.get(model.action)
    parts = head(result, around) if head is not None else _parts(shape, result)
    output: dict[str, Value] = (
        _structure(shape, result, around, left_out)
        if parts is None
        else {name: _value(shape.members[name], value, around, left_out) for name, value in parts.items()}
    )
    if "IsTruncated" not in shape.members:
        return output
    if pages_itself and (isinstance(result, Page) or hasattr(result, "marker")):
        output["IsTruncated"] = result.marker is not None
        output["Marker"] = None if result.marker is None else sealed(result.marker)
        return output
    return paged(output, _lists(shape), cut)


def _lists(shape: Shape) -> tuple[str, ...]:
    return tuple(name for name, member in shape.members.items() if member.kind == "list")


def _parts(shape: Shape, result: object) -> Mapping[str, object] | None:
    """The members of an answer where the result is one of them; None where it has them all itself."""
    members = [name for name in shape.members if name not in _PAGING]
    if isinstance(result, Page):
        result = result.items
    if isinstance(result, (tuple, Mapping)):
        lists = _lists(shape)
        return {lists[0] if lists else members[0]: result}
    if len(members) == 1 and (
        shape.members[members[0]].kind == "structure" or not hasattr(result, shape.attributes[members[0]])
    ):
        return {members[0]: result}
    return None


def _value(shape: Shape, value: object, around: Around, left_out: frozenset[str]) -> Value:
    if value is None or (type(value) in _PLAIN and shape.kind in _SCALARS):
        return value
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, Enum):
        value = value.value
    match shape.kind:
        case "structure":
            return _structure(shape, value, around, left_out)
        case "list":
            if isinstance(value, Mapping):
                # Tags, and nothing else.
                return tuple({"Key": key, "Value": text} for key, text in value.items())
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise TypeError(f"`{shape.name}` is a list")
            return tuple(_value(shape.inside, item, around, left_out) for item in value)
        case "map" if isinstance(value, Mapping):
            return {str(key): _value(shape.inside, item, around, left_out) for key, item in value.items()}
    return value


def _structure(shape: Shape, record: object, around: Around, left_out: frozenset[str]) -> dict[str, Value]:
    view = VIEWS.get(shape.name) or report_views.VIEWS.get(shape.name, {})
    made: dict[str, Value] = {}
    for name, member in shape.members.items():
        if name in left_out or name in _PAGING:
            continue
        if isinstance(record, Mapping):
            found = record.get(name)
        else:
            source = view.get(name, shape.attributes[name])
            found = getattr(record, source, None) if isinstance(source, str) else source(record, around)
        if found is None and name in shape.required:
            raise LookupError(f"nothing gives `{name}` of `{shape.name}`")
        value = _value(member, found, around, left_out)
        if value is not None:
            made[name] = value
    return made


def _once(*lists: Iterable[Any]) -> list[Any]:
    """Those of all lists, each once, by name."""
    found = {item.arn: item for each in lists for item in each}
    return sorted(found.values(), key=lambda item: item.name_key)
