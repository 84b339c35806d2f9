"""What is said when something goes wrong, and the exit code for it.

0  done
1  refused: no permission, a bad credential, or a route that is not protected
2  what was given is wrong; nothing was changed
3  a part is missing: no directory, no store, no account yet, or too many attempts
4  a fault of iamkit itself
5  `iamkit plan` found that the folder and the account differ
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from typing import Final

import click

from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.client.variables import KEY_ID_VARIABLE, TOKEN_VARIABLE
from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    EvaluationError,
    IamkitError,
    InputError,
    InvalidArn,
    InvalidAuthenticationCode,
    MalformedPolicyDocument,
    NoSuchEntity,
    NotInitialized,
    ServiceUnavailable,
    Throttling,
)
from iamkit.policy.model import Span
from iamkit.policy.problem import Problem, path_text

REFUSED: Final = 1
BAD_INPUT: Final = 2
UNAVAILABLE: Final = 3
INTERNAL: Final = 4
DIFFERENT: Final = 5

_CODES: Final[tuple[tuple[type[IamkitError], int], ...]] = (
    (AccessDenied, REFUSED),
    (AuthenticationError, REFUSED),
    (EvaluationError, REFUSED),
    (InvalidAuthenticationCode, REFUSED),
    (InputError, BAD_INPUT),
    (NoSuchEntity, BAD_INPUT),
    (ConflictError, BAD_INPUT),
    (ConfigurationError, BAD_INPUT),
    (ServiceUnavailable, UNAVAILABLE),
    (Throttling, UNAVAILABLE),
)
# Who may not explain decisions is not sent to `iamkit why`.
_EXPLAINING: Final = "to perform: iamkit:GetDecision "
# How much of a long line is quoted on either side of a fault.
_QUOTED: Final = 60


def exit_code(fault: Exception) -> int:
    """The exit code that a fault ends the run with."""
    if isinstance(fault, OSError):
        return UNAVAILABLE
    return next((code for kind, code in _CODES if isinstance(fault, kind)), INTERNAL)


def report(terminal: Terminal, fault: Exception) -> int:
    """Say on standard error what went wrong and what to do; return the exit code."""
    if terminal.debug:
        click.echo("".join(traceback.format_exception(fault)), err=True, nl=False)
    if terminal.as_json:
        click.echo(json.dumps({"error": _as_data(fault)}), err=True)
    else:
        for line in _lines(terminal, fault):
            click.echo(harmless(line), err=True)
    return exit_code(fault)


def _as_data(fault: Exception) -> dict[str, object]:
    data: dict[str, object] = {"code": _code(fault), "message": _message(fault)}
    if isinstance(fault, AccessDenied) and fault.decision_id:
        data["decision_id"] = fault.decision_id
    if isinstance(fault, InvalidArn) and fault.suggestion:
        data["suggestion"] = fault.suggestion
    if isinstance(fault, Throttling):
        data["retry_after"] = fault.retry_after
    if isinstance(fault, MalformedPolicyDocument):
        data["problems"] = [
            {
                "path": path_text(problem.path),
                "line": problem.span.line,
                "column": problem.span.column,
                "code": problem.code,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in _problems(fault)
        ]
    return data


def _lines(terminal: Terminal, fault: Exception) -> Iterator[str]:
    if isinstance(fault, MalformedPolicyDocument) and fault.problems:
        count = len(fault.problems)
        yield f"error: the policy document has {count} problem{'s' * (count > 1)} ({fault.code})"
        for problem in _problems(fault):
            yield from _problem_lines(terminal, problem)
        return
    yield f"error: {_message(fault)}" + (f" ({fault.code})" if isinstance(fault, IamkitError) else "")
    yield from _hints(terminal, fault)


def _hints(terminal: Terminal, fault: Exception) -> Iterator[str]:
    if isinstance(fault, AccessDenied):
        if fault.decision_id and _EXPLAINING not in fault.message:
            yield f"hint: `iamkit why {fault.decision_id}` says which policy decided"
        if terminal.key_owner:
            yield (
                f"hint: acting as {terminal.key_owner}, by {KEY_ID_VARIABLE}; unset it, or give"
                " `--as` to act as somebody else"
            )
    if isinstance(fault, ServiceUnavailable) and _elsewhere(terminal):
        yield (
            f"hint: is `{_elsewhere(terminal)}` where `iamkit serve` runs, and can it be reached from here?"
            " for a certificate of your own, SSL_CERT_FILE names who signed it"
        )
    if isinstance(fault, AuthenticationError) and _elsewhere(terminal):
        yield (
            f"hint: the key or token of the environment ({KEY_ID_VARIABLE}, {TOKEN_VARIABLE}) was tried at"
            f" `{_elsewhere(terminal)}`; it has to be one of there"
        )
    if isinstance(fault, AuthenticationError) and terminal.tried_key:
        yield (
            f"hint: the key in {KEY_ID_VARIABLE} was tried on `{terminal.directory}`; unset it, or name the"
            " directory that the key is of with `--dir`"
        )
        if os.environ.get(KEY_ID_VARIABLE, "").startswith("ASIA"):
            yield "hint: an ASIA key is temporary and may have ended; `iamkit role assume` gets another"
    if isinstance(fault, NoSuchEntity) and terminal.nearest_policy and _of_missing_policy(terminal, fault):
        yield f"hint: did you mean `{terminal.nearest_policy}`"
    if isinstance(fault, InvalidArn) and fault.suggestion and fault.suggestion not in fault.message:
        yield f"hint: did you mean `{fault.suggestion}`"
    if isinstance(fault, NotInitialized) and "iamkit init" not in fault.message:
        yield "hint: run `iamkit init`, or name another directory with `--dir` or IAMKIT_DIR"
    if isinstance(fault, Throttling):
        yield f"hint: try again in {fault.retry_after} seconds"
    if exit_code(fault) == INTERNAL and not terminal.debug:
        yield "hint: this is a fault of iamkit; `--debug` shows where, please report it"


def _elsewhere(terminal: Terminal) -> str:
    """The endpoint that was asked; empty if none was, or two places were named."""
    try:
        return terminal.endpoint
    except InputError:
        return ""


def _of_missing_policy(terminal: Terminal, fault: NoSuchEntity) -> bool:
    return f"`{terminal.missing_policy[:200]}`" in fault.message


def _code(fault: Exception) -> str:
    if isinstance(fault, IamkitError):
        return fault.code
    return "OSError" if isinstance(fault, OSError) else "InternalFailure"


def _message(fault: Exception) -> str:
    if isinstance(fault, IamkitError):
        return fault.message
    if isinstance(fault, OSError):
        where = f"`{fault.filename}`: " if fault.filename else ""
        return f"{where}{(fault.strerror or str(fault)).lower()}"
    # The text of an unexpected fault may quote anything, so only its kind is said.
    return f"unexpected {type(fault).__name__}"


def _problems(fault: MalformedPolicyDocument) -> list[Problem]:
    return [problem for problem in fault.problems if isinstance(problem, Problem)]


def _problem_lines(terminal: Terminal, problem: Problem) -> Iterator[str]:
    span = problem.span
    place = f" at `{path_text(problem.path)}`" if problem.path else ""
    yield f"  {terminal.document_name or 'document'}:{span.line}:{span.column}{place}: {problem.message}"
    yield from quoted(terminal.document, problem.span)
    if problem.suggestion:
        yield f"    did you mean `{problem.suggestion}`"


def quoted(document: str, span: Span) -> Iterator[str]:
    """The line of a place and a line of carets under it; nothing if the text is not at hand."""
    if not 0 <= span.start < len(document):
        return
    begin = document.rfind("\n", 0, span.start) + 1
    end = document.find("\n", span.start)
    end = len(document) if end < 0 else end
    left, right = max(begin, span.start - _QUOTED), min(end, span.start + _QUOTED)
    # One cell a letter, so that the carets stand under what they mean.
    line = "".join(letter if letter.isprintable() else " " for letter in document[left:right])
    before = f"    {span.line} | " + ("…" if left > begin else "")
    after = "…" if right < end else ""
    carets = "^" * max(1, min(span.end, right) - span.start)
    yield before + line + after
    yield " " * (len(before) + span.start - left) + carets
