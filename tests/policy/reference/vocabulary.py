"""The small world that random policies and requests are made of: so small that they often meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from iamkit.policy.request import ANONYMOUS, Caller, CallerKind, ContextValue

HOME: Final = "111122223333"
AWAY: Final = "444455556666"
NOTES: Final = f"arn:aws:doc:eu-west-1:{HOME}:notes"

ACTIONS: Final = ("doc:Get", "doc:GetAll", "doc:Put", "doc:List", "iam:PassRole")
TRUST_ACTIONS: Final = ("sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithWebIdentity")
FREE_ACTION: Final = "sts:GetCallerIdentity"
ACTION_PATTERNS: Final = (
    "*",
    "doc:*",
    "doc:*",
    "doc:Get",
    "doc:Get*",
    "DOC:gEt",
    "doc:?et",
    "doc:P*",
    "doc:*t*",
    "doc:List",
    "doc:*All",
    "iam:*",
    "iam:Pass?ole",
    "do:*",
    "doc:",
    "doc",
    "doc: Get",
    "doc:Get,doc:Put",
)
TRUST_PATTERNS: Final = ("sts:*", "sts:AssumeRole", "sts:AssumeRole*", "STS:tagsession", "sts:TagSession")

ROLE: Final = f"arn:aws:iam::{HOME}:role/app/writer"
RESOURCES: Final = (
    f"{NOTES}/a",
    f"{NOTES}/a",
    f"{NOTES}/b",
    f"{NOTES}/jeff/x",
    f"{NOTES}/red:a/b",
    f"{NOTES}/",
    f"{NOTES}/*",
    f"arn:aws:doc:eu-west-1:{AWAY}:notes/a",
    "arn:aws:doc:::notes/a",
    "arn:aws:s3:::bucket/jeff",
    "*",
)
RESOURCE_PATTERNS: Final = (
    "*",
    "*",
    "*",
    "arn:*:doc:*:*:*",
    "arn:aws:doc:*:*:notes/*",
    f"{NOTES}/*",
    f"{NOTES}/a",
    f"{NOTES}/?",
    f"{NOTES}*",
    f"{NOTES}/*/?",
    f"{NOTES}/red:*",
    f"arn:aws:doc:*:{AWAY}:*",
    "arn:aws:doc:eu-*:1111*:*a",
    "arn:aws:s3:::bucket/*",
    f"{NOTES}/${{aws:username}}/*",
    f"{NOTES}/${{app:none}}*",
    f"{NOTES}/${{app:none, 'a'}}",
    f"{NOTES}/${{aws:PrincipalTag/team,'red'}}:*",
    f"{NOTES}/${{*}}",
    f"{NOTES}/${{app:ss}}*",
    f"{NOTES}/${{app:s}}",
    "arn:aws:doc:*:${aws:PrincipalAccount}:notes/*",
    "arn:aws:s3:::bucket/${AWS:USERNAME}",
)

# For policies with many statements: `#` stands for a number below MANY.
MANY: Final = 40
NARROW_RESOURCES: Final = (
    f"{NOTES}/n#",
    f"{NOTES}/n#",
    f"{NOTES}/n#/jeff",
    f"{NOTES}/n#:b",
    "arn:aws:s3:::bucket/n#",
)
NARROW_PATTERNS: Final = (
    f"{NOTES}/n#",
    f"{NOTES}/n#",
    f"{NOTES}/n#*",
    f"{NOTES}/n#/*",
    f"{NOTES}/n#?b",
    f"{NOTES}/n#/${{aws:username}}",
    "arn:aws:doc:*:*:notes/n#*",
    "arn:aws:s3:::bucket/*#",
    "arn:aws:s3:::*/n#",
)

USER: Final = Caller(CallerKind.USER, f"arn:aws:iam::{HOME}:user/app/jeff", HOME, unique_id="AIDAJEFF")
SESSION: Final = Caller(
    CallerKind.ROLE_SESSION,
    f"arn:aws:sts::{HOME}:assumed-role/writer/monday",
    HOME,
    issuer_arn=ROLE,
    unique_id="AROAWRITER",
)
CALLERS: Final[Sequence[tuple[int, Caller]]] = (
    (30, USER),
    (6, Caller(CallerKind.USER, f"arn:aws:iam::{AWAY}:user/mary", AWAY, unique_id="AIDAMARY")),
    (24, SESSION),
    (3, replace(SESSION, arn=ROLE)),
    (
        12,
        Caller(
            CallerKind.FEDERATED_USER,
            f"arn:aws:sts::{HOME}:federated-user/guest",
            HOME,
            issuer_arn=USER.arn,
            unique_id="AIDAJEFF",
        ),
    ),
    (8, Caller(CallerKind.ROOT, f"arn:aws:iam::{HOME}:root", HOME, unique_id=HOME)),
    (8, ANONYMOUS),
    (5, Caller(CallerKind.SERVICE, "lambda.amazonaws.com")),
    (4, Caller(CallerKind.PROVIDER, "accounts.google.com")),
)

AWS_PRINCIPALS: Final = (
    "*",
    HOME,
    HOME,
    f"arn:aws:iam::{HOME}:root",
    AWAY,
    USER.arn,
    USER.arn,
    f"arn:aws:iam::{HOME}:user/jeff",
    f"arn:aws:iam::{HOME}:user/*",
    f"arn:aws:iam::{HOME}:group/app",
    f"arn:aws:iam::{AWAY}:user/mary",
    ROLE,
    ROLE,
    f"arn:aws:iam::{HOME}:role/app/Writer",
    f"arn:aws:iam::{HOME}:role/other/writer",
    f"arn:aws-cn:iam::{HOME}:role/app/writer",
    f"arn:aws-cn:iam::{HOME}:user/app/jeff",
    SESSION.arn,
    f"arn:aws:sts::{HOME}:assumed-role/writer",
    f"arn:aws:sts::{HOME}:assumed-role/writer/*",
    f"arn:aws:sts::{HOME}:federated-user/guest",
)
SERVICE_PRINCIPALS: Final = ("lambda.amazonaws.com", "Lambda.amazonaws.com", "ec2.amazonaws.com", "*")
PROVIDER_PRINCIPALS: Final = ("accounts.google.com", "google.com", "*")
PRINCIPAL_IDS: Final[Mapping[str, Sequence[str]]] = {
    USER.arn: ("AIDAJEFF", "AIDAGONE"),
    ROLE: ("AROAWRITER", "AROAGONE"),
}


@dataclass(frozen=True)
class Family:
    """The operators of one type, the keys and request values of that type, and what policies compare with."""

    operators: Sequence[str]
    single_keys: Sequence[str]
    list_key: str
    policy: Sequence[object]
    request: Sequence[ContextValue]
    entries: Sequence[str]


NOON: Final = datetime(2024, 1, 1, 12, tzinfo=UTC)
ORDERS: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: Final = (
    Family(
        (
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ),
        ("app:s", "aws:username", "aws:PrincipalTag/team", "aws:PrincipalAccount"),
        "app:ss",
        (
            "a",
            "b",
            "A",
            "jeff",
            "red",
            "a*",
            "?",
            "*b",
            "*",
            "j*f?",
            "",
            "$",
            "{a}",
            "É",
            "a\nb",
            HOME,
            "${aws:username}",
            "${app:s}",
            "${aws:PrincipalTag/Team, 'red'}",
            "${*}",
            "${app:none}",
            "${app:none, 'a'}",
            "${app:ss}",
            "${app:ss, 'a'}",
            "x${?}*",
            "${$}",
            "${app:none}*",
            "${app:n}",
        ),
        ("a", "b", "A", "ab", "jeff", "red", "*", "x?", "", "$", "{a}", "${app:s}", "é", "a\nb", HOME),
        ("a", "b", "A", "jeff", "*"),
    ),
    Family(
        tuple("Numeric" + order for order in ORDERS),
        ("app:n", "aws:MultiFactorAuthAge"),
        "app:ns",
        ("5", "10.0", "7", "-1.5", 5, 10, 7.5, "+10", "9007199254740993"),
        (5, 10, "7", "10.00", "-1.5", -3, Decimal("7.50"), 9007199254740993, "+5"),
        ("5", "10", "7.0", "-2"),
    ),
    Family(
        tuple("Date" + order for order in ORDERS),
        ("app:d", "aws:CurrentTime"),
        "app:ds",
        (
            "2024-01-01",
            "2024-01-01T12:00:00Z",
            "2024-01-01T13:00:00+01:00",
            "1704110400",
            1704110400,
            "2024-01-02T00:00Z",
            "2024-01-01T12:00:00.500Z",
            "2023-12-31T23:59:59-05:00",
        ),
        (
            NOON,
            NOON + timedelta(hours=12),
            NOON.astimezone(timezone(timedelta(hours=-5))),
            1704110400,
            "2024-01-01T12:00:00Z",
            "1704067200",
            "2024-01-01",
            NOON.replace(microsecond=500000),
        ),
        ("2024-01-01", "2024-01-01T12:00:00Z", "1704110400", "2024-01-03T00:00:00+02:00"),
    ),
    Family(
        ("Bool",),
        ("app:b", "aws:MultiFactorAuthPresent"),
        "app:bs",
        ("true", "false", True, False, "TRUE"),
        (True, False, "true", "False"),
        ("true", "false", "TRUE"),
    ),
    Family(
        ("BinaryEquals",),
        ("app:bin",),
        "app:bins",
        ("YQ==", "Yg==", "AAEC"),
        (b"a", b"b", "YQ==", b"\x00\x01\x02"),
        ("YQ==", "Yg=="),
    ),
    Family(
        ("IpAddress", "NotIpAddress"),
        ("aws:SourceIp", "app:ip"),
        "app:ips",
        ("10.0.0.0/8", "10.1.2.3", "10.1.2.3/16", "0.0.0.0/0", "2001:db8::/32", "::/0", "2001:db8::1"),
        ("10.1.2.3", "10.2.0.1", "8.8.8.8", "2001:db8::1", "2001:DB8:0::2", "::ffff:10.1.2.3", "::1"),
        ("10.1.2.3", "8.8.8.8", "2001:db8::1"),
    ),
    Family(
        ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
        ("aws:PrincipalArn", "aws:SourceArn"),
        "app:arns",
        (
            ROLE,
            USER.arn,
            f"arn:aws:iam::{HOME}:*",
            "arn:*:iam::*:user/*",
            f"arn:aws:iam::{HOME[:4]}*:*/app/?*",
            "arn:aws:s3:::bucket*",
            "arn:aws:iam::${aws:PrincipalAccount}:role/*",
            "arn:aws:s3:::${app:s}",
            "arn:aws:*:::bucket/${aws:username, 'a'}",
            "arn:aws:s3:::${app:none}",
        ),
        (ROLE, USER.arn, "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a:b", "arn:aws:s3:::a", SESSION.arn),
        (ROLE, USER.arn, "arn:aws:s3:::bucket"),
    ),
)
# Whose request values a key gets when it gets one of the wrong type. What an instant is as text is nowhere
# said, so a key of text gets none.
WRONG: Final = {
    family.list_key: [other for other in FAMILIES if not (family is FAMILIES[0] and other is FAMILIES[2])]
    for family in FAMILIES
}

# What stands only in documents that were stored before they were checked: operators that nobody knows, and
# values that do not convert.
UNKNOWN_OPERATORS: Final = (
    "StringMatches",
    "ForAnyValues:StringEquals",
    "stringequals",
    "NumericNotLessThan",
)
BAD_VALUES: Final[Mapping[str, object]] = {
    "Numeric": "ten",
    "Date": "yesterday",
    "Bool": "maybe",
    "Binary": "!!!",
    "IpAddress": "home",
    "Not": "10.0.0.0/40",
    "Arn": "bucket",
}
