"""What can go wrong with one reply."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

# embeddings fail, and the client is told not to try again: it does so five times, for some fifteen seconds
NO_EMBEDDINGS: Mapping[str, Any] = {"kind": "503", "on": "embeddings", "headers": {"x-should-retry": "false"}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response about to be sent: `body` now, or what `later()` gives; `text` stands for a body that is no JSON."""

    status: int
    body: Any = None
    later: Callable[[], dict[str, Any]] | None = None
    text: str | None = None
    kind: str = "application/json"
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False


def apply(fault: Mapping[str, Any], request: dict[str, Any], outcome: Outcome) -> Outcome | None:
    """The outcome with this fault; None where the fault does not concern this request."""
    kind = str(fault["kind"])
    if kind.isdigit():
        return _status(int(kind), fault)
    return _KINDS[kind](fault, request, outcome)


def _status(status: int, fault: Mapping[str, Any]) -> Outcome:
    headers = dict(fault.get("headers", {}))
    wait = fault.get("retry_after")
    if wait is not None:
        date = fault.get("date", False)
        headers["retry-after"] = formatdate(time.time() + wait + 0.999, usegmt=True) if date else str(wait)
    message = fault.get("message", f"scripted {status}")
    error = {"message": message, "type": "Scripted", "param": fault.get("param"), "code": fault.get("code", status)}
    return Outcome(status, fault.get("body", {"error": error}), headers=headers, seconds=fault.get("seconds", 0.0))


def _changed(
    change: Callable[[dict[str, Any]], None],
) -> Callable[[Mapping[str, Any], dict[str, Any], Outcome], Outcome]:
    """A fault inside a reply that is otherwise delivered, and paid."""

    def fault(_fault: Mapping[str, Any], _request: dict[str, Any], outcome: Outcome) -> Outcome:
        def later() -> dict[str, Any]:
            assert outcome.later is not None
            reply = outcome.later()
            change(reply)
            return reply

        return replace(outcome, later=later)

    return fault


def _content(text: str) -> Callable[[dict[str, Any]], None]:
    def change(reply: dict[str, Any]) -> None:
        reply["choices"][0]["message"]["content"] = text

    return change


def _length(reply: dict[str, Any]) -> None:
    reply["choices"][0]["finish_reason"] = "length"
    message = reply["choices"][0]["message"]
    message["content"] = message["content"][: len(message["content"]) // 2]


def _refusal(reply: dict[str, Any]) -> None:
    reply["choices"][0]["message"].update(content=None, refusal="I cannot help with that.")


def _content_filter(reply: dict[str, Any]) -> None:
    reply["choices"][0]["finish_reason"] = "content_filter"
    reply["choices"][0]["message"]["content"] = ""


def _fenced(reply: dict[str, Any]) -> None:
    message = reply["choices"][0]["message"]
    message["content"] = f"Here you are [as asked]:\n```json\n{message['content']}\n```\nAnything else?"


def _no_format(fault: Mapping[str, Any], request: dict[str, Any], _outcome: Outcome) -> Outcome | None:
    """400 for a response_format of the kinds in `formats` (default: json_schema), if it contains the word `with`."""
    asked = (request.get("response_format") or {}).get("type")
    if asked not in fault.get("formats", ["json_schema"]) or str(fault.get("with", "")) not in str(request):
        return None
    message = f"response_format {asked} is not supported"
    return Outcome(
        400, {"error": {"message": message, "type": "BadRequestError", "param": "response_format", "code": 400}}
    )


_KINDS: dict[str, Callable[[Mapping[str, Any], dict[str, Any], Outcome], Outcome | None]] = {
    "reset": lambda _fault, _request, _outcome: Outcome(200, reset=True),
    "hang": lambda _fault, _request, outcome: replace(outcome, hang=True),
    "slow": lambda fault, _request, outcome: replace(outcome, seconds=fault.get("seconds", 1.0)),
    "html": lambda _fault, _request, _outcome: Outcome(200, text="<html>a proxy</html>", kind="text/html"),
    "broken_body": lambda _fault, _request, _outcome: Outcome(200, text='{"choices": [{"mess'),
    "string_error": lambda fault, _request, _outcome: Outcome(fault.get("status", 401), {"error": "Unauthorized"}),
    "detail_error": lambda fault, _request, _outcome: Outcome(fault.get("status", 404), {"detail": "Not Found"}),
    "no_response_format": _no_format,
    "invalid_json": _changed(_content('{"personas": [{"text": "half')),
    "wrong_schema": _changed(_content('{"people": 3}')),
    "fenced": _changed(_fenced),
    "empty_choices": _changed(lambda reply: reply.update(choices=[])),
    "empty_text": _changed(_content("")),
    "length": _changed(_length),
    "refusal": _changed(_refusal),
    "content_filter": _changed(_content_filter),
    "null_usage": _changed(lambda reply: reply.update(usage=None)),
}
