"""A model that asks and answers, in a world where what each person knows is told apart: used through the fake server.

A question is about one of a hundred topics, the popular ones far more often (Zipf 1). An answer repeats marks of those
whom the prompt lists, so that who contributed what can be read back.
"""

import hashlib
import json
import re
from typing import Any

import numpy as np

TOPICS = [f"topic{number:03d}" for number in range(100)]
_PERSON = re.compile(r"^([A-Z])\. (.+)$", re.MULTILINE)


def answer(request: dict[str, Any]) -> str:
    """What this model says: the same request, the same answer."""
    digest = hashlib.sha256(json.dumps([request["messages"], request.get("seed")]).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    schema = request["response_format"]["json_schema"]["schema"]["properties"]
    prompt = request["messages"][-1]["content"]
    if "reason" in schema:
        return json.dumps(_judgement(schema, prompt, rng))
    if "questions" in schema:
        return json.dumps({"questions": _questions(schema["questions"], prompt, rng)})
    if "name" in schema:
        return json.dumps({"name": name(prompt)})
    if "standpoints" in schema:
        return json.dumps(_joint(prompt, rng))
    return json.dumps({"answer": _long(f"As I see it, {prompt.splitlines()[1]}", rng)})


def _judgement(schema: dict[str, Any], prompt: str, rng: np.random.Generator) -> dict[str, Any]:
    """What an item deserves follows from its text; a judge is off by one now and then."""
    item = prompt.partition("\n\n")[2]
    deserved = np.random.default_rng(list(hashlib.sha256(item.encode()).digest())).integers(1, 6, len(schema) - 1)
    given = np.clip(deserved + rng.choice([-1, 0, 0, 0, 1], len(deserved)), 1, 5).tolist()
    names = [name for name in schema if name != "reason"]
    reason = f"What decides is that it says: {' '.join(item.split()[:6])}."
    return {"reason": reason, **dict(zip(names, given, strict=True))}


def _questions(schema: dict[str, Any], prompt: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    letters = [letter for letter, _ in _PERSON.findall(prompt)]
    wanted = schema["items"]["properties"]
    made = []
    for _ in range(schema["minItems"]):
        topic = TOPICS[min(99, int(100 ** rng.random()) - 1)]
        marks = " ".join(f"{word:08x}" for word in rng.integers(0, 1 << 32, 6))
        item = {
            "question": f"What do {marks} say of {topic} where both of them live and work?",
            "topic": topic,
            "level": "expert",
            "needs": sorted(rng.choice(letters, min(2, len(letters)), replace=False).tolist()),
        }
        if "choices" in wanted:
            item |= {"choices": [f"choice {n} {marks[:8]}" for n in range(4)], "key": "B"}
        if "answer" in wanted:
            item |= {"answer": f"It is {marks[:8]}."}
        if "positions" in wanted:
            item |= {"positions": [{"person": p, "position": f"{p} holds {marks[:8]}"} for p in letters[:2]]}
        made.append(item)
    return made


def name(prompt: str) -> str:
    """Of a group: by the first label that the prompt shows; where that is said to be taken, one that nobody has."""
    label = re.findall(r"^- (.+)$", prompt, re.MULTILINE)[0]
    own = f", kind {hashlib.sha256(prompt.encode()).hexdigest()[:6]}" if "already" in prompt else ""
    return f"Matters of {label}{own}"[:60]


def _joint(prompt: str, rng: np.random.Generator) -> dict[str, Any]:
    people = _PERSON.findall(prompt)
    return {
        "standpoints": [{"person": letter, "contribution": f"What I know is this: {text}"} for letter, text in people],
        "disagreement": "They disagree about nothing that matters here.",
        "synthesis": _long("Together: " + "; ".join(text for _, text in people), rng),
    }


def _long(text: str, rng: np.random.Generator) -> str:
    own = " ".join(f"{word:07x}" for word in rng.integers(0, 1 << 28, 30))
    return f"{text} {own}"
