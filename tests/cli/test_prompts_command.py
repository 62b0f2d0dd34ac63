from tests.cli.expanding import Field
from tests.console import Console
from tests.fakes import world
from tests.fakes.server import FakeServer


def test_lists_what_is_sent_and_by_which_command(work: Console) -> None:
    rows = {row["name"]: row for row in work.run("--json", "prompts").json}
    assert rows["joint.en"]["command"] == "distill"
    assert rows["validity"]["command"] == "judge knowledge --rubric validity"
    assert rows["create_domain_questions"]["fields"] == ["domain"]
    assert all(name in work.run("prompts").out for name in rows)


def test_shows_the_words(work: Console) -> None:
    shown, told = (
        work.run("prompts", "persona_to_persona").out,
        work.run("--json", "prompts", "persona_to_persona").json,
    )
    assert told["digest"] in shown
    for _, content in told["messages"]:
        assert content in shown
    assert "[excluded]" in shown


def test_a_run_keeps_the_digest_that_it_shows(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with FakeServer(answer=world.answer) as model:
        field.expand(model, "--calls", "1")
    told = work.run("--json", "prompts", "persona_to_persona").json
    assert field.rows("MATCH (r:Run {command: 'expand'}) RETURN r.plan_prompt AS digest") == [
        {"digest": told["digest"]}
    ]
