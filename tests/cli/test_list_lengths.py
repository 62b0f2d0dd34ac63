"""How many known roles calls list, found out by `pgraph expand` for the model at hand."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from expansion.selection.lengths import LENGTHS
from tests.cli.expanding import Field
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
CALLS = 200
BY_LENGTH = """MATCH (:Run)-[asked:ASKED]->(:Persona)
    RETURN asked.could_list AS length, asked.listed AS listed, asked.new AS new,
           asked.tokens_in AS tokens_in, asked.tokens_out AS tokens_out, asked.at AS at"""


def parrot(request: dict[str, Any]) -> str:
    """Names the roles that it is asked not to name, as small models do."""
    reply = json.loads(world.answer(request))
    listed = re.findall(r"role(\d{5})", request["messages"][-1]["content"].partition("already known: ")[2])
    for person, role in zip(reply["personas"], listed, strict=False):
        person.update(role=f"role{role}", persona=world.text(int(role)))
    return json.dumps(reply)


def test_a_model_that_names_what_it_reads_gets_no_lists(field: Field) -> None:
    field.seed(40)
    with FakeServer(answer=parrot) as model:
        done = field.expand(model, "--calls", str(CALLS))
        calls = sorted(field.rows(BY_LENGTH), key=lambda row: row["at"])
        late = Counter(row["length"] for row in calls[CALLS // 2 :])
        assert late[0] > 0.7 * CALLS / 2
        assert {row["length"] for row in calls} == set(LENGTHS)
        assert all(row["listed"] <= row["length"] and row["tokens_out"] > 0 for row in calls)
        yields = {row["length"]: row for row in done.json["lists"]}
        assert yields[0]["new_per_1000"] > yields[50]["new_per_1000"]
        assert "without a list of known roles" in done.err
        for row in field.work.run("query", "exclusion_lists", "--format", "json", env=field.store).json:
            own = [call for call in calls if call["length"] == row["could_list"]]
            cost = 0.25 * sum(call["tokens_in"] for call in own) + sum(call["tokens_out"] for call in own)
            assert row["calls"] == len(own)
            assert row["new_per_1000"] == pytest.approx(1000 * sum(call["new"] for call in own) / cost)
            assert yields[row["could_list"]]["calls"] == len(own)

        field.expand(model, "--calls", "30", "--new-run")  # knows it from the run before
    newest = sorted(field.rows(BY_LENGTH), key=lambda row: row["at"])[CALLS:]
    assert Counter(row["length"] for row in newest)[0] > 20


def test_the_user_can_fix_the_length(field: Field) -> None:
    field.seed(40)
    with FakeServer(answer=world.answer) as model:
        done = field.expand(model, "--calls", "40", "--exclude", "6").json
    assert done["lists"] == []
    assert {row["length"] for row in field.rows(BY_LENGTH)} <= {0, 6}
