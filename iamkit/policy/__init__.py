"""The policy language: pure, without I/O or clock, standard library only, usable alone."""

from __future__ import annotations

from iamkit.policy.catalog import (
    GLOBAL_KEYS,
    STANDARD_CATALOG,
    AccessLevel,
    Action,
    Catalog,
    ConditionKey,
    ResourceType,
    Service,
)
from iamkit.policy.decision import Decision, Outcome, StatementRef
from iamkit.policy.evaluate import evaluate
from iamkit.policy.explain import Explanation, explain
from iamkit.policy.findings import Facts, Finding
from iamkit.policy.fixes import Fix
from iamkit.policy.formula import FALSE, TRUE, Formula
from iamkit.policy.grammar import significant_length
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Layer, PolicySource, ResourceLayers
from iamkit.policy.match import Known
from iamkit.policy.model import Effect, Policy, PolicyKind, Span, Statement
from iamkit.policy.operators import STANDARD, Operator, OperatorTable
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.parse import parse
from iamkit.policy.plan import Plan, compile_plan
from iamkit.policy.problem import Problem
from iamkit.policy.render import render
from iamkit.policy.request import ANONYMOUS, AccessRequest, Caller, CallerKind, Context, ContextValue
from iamkit.policy.residual import Residual, residual

__all__ = [
    "ANONYMOUS",
    "DEFAULT",
    "FALSE",
    "GLOBAL_KEYS",
    "STANDARD",
    "STANDARD_CATALOG",
    "TRUE",
    "AccessLevel",
    "AccessRequest",
    "Action",
    "AttachedPolicy",
    "Caller",
    "CallerKind",
    "CallerLayers",
    "Catalog",
    "ConditionKey",
    "Context",
    "ContextValue",
    "Decision",
    "Effect",
    "EvaluationOptions",
    "Explanation",
    "Facts",
    "Finding",
    "Fix",
    "Formula",
    "Known",
    "Layer",
    "Operator",
    "OperatorTable",
    "Outcome",
    "Plan",
    "Policy",
    "PolicyKind",
    "PolicySource",
    "Problem",
    "Residual",
    "ResourceLayers",
    "ResourceType",
    "Service",
    "Span",
    "Statement",
    "StatementRef",
    "compile_plan",
    "evaluate",
    "explain",
    "parse",
    "render",
    "residual",
    "significant_length",
]
