from pathlib import Path
from typing import Any

import pytest

from distill.batch.fields import reader
from distill.batch.instructions import INSTRUCTIONS, AsGiven, bind_task, choose_task, load_tasks
from foundation.errors import PromptError, UsageError

ROW: dict[str, Any] = {
    "persona": "a nurse",
    "a.b": "dotted",
    "n": 3,
    "none": None,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "user", "content": "v"},
    ],
    "meta": {"model": {"name": "m"}, "0": "nought", "tags": [{"k": "gpt-4.1", "v": 1}]},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("persona", "a nurse"),
        ("a.b", "dotted"),
        ("messages.1.content", "u"),
        ("messages[1].content", "u"),
        ("messages.[1].content", "u"),
        ("messages.[?role==user].content", "u"),
        ("messages[?role=='user'].content", "u"),
        ('messages.[? role == "system" ].content', "s"),
        ("messages.[?role==tool].content", None),
        ("messages.9.content", None),
        ("meta.model.name", "m"),
        ("meta.0", "nought"),
        ("meta.tags.[?k==gpt-4.1].v", 1),
        ("meta.model.name.first", None),
        ("persona.0", None),
        ("none", None),
    ],
)
def test_a_path_finds_its_value(path: str, value: object) -> None:
    step = reader(path, ROW)
    assert step is not None
    assert step(ROW) == value


@pytest.mark.parametrize("text", ["late frost", "3.5 tonnes", "", "Who is it?", "[?role==user]", "[x", "..", "Persona"])
def test_what_begins_with_no_column_is_text(text: str) -> None:
    assert reader(text, ROW) is None


def instructions(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tasks.yml"
    path.write_text(text, encoding="utf-8")
    return path


def filled(tmp_path: Path, yaml: str, *fields: str, context: str = "") -> str:
    messages = bind_task(choose_task(instructions(tmp_path, yaml), ""), fields, ROW, context).fill(ROW)
    assert not isinstance(messages, str), messages
    return "|".join(message["content"] for message in messages)


def test_only_given_fields_are_filled_once(tmp_path: Path) -> None:
    yaml = 't: \'{0} {persona} {1} {2} {x} {} {"j": {"k": [1]}} {{0}}\''
    said = filled(tmp_path, yaml, "persona", "n", "say {0} and {persona}")
    assert said == 'a nurse a nurse 3 say {0} and {persona} {x} {} {"j": {"k": [1]}} {a nurse}'


def test_a_template_that_doubles_all_its_braces_is_read_as_meant(tmp_path: Path) -> None:
    assert filled(tmp_path, 't: \'{0}: [{{"q": ""}}]\'', "persona") == 'a nurse: [{"q": ""}]'
    assert filled(tmp_path, 't: \'{0}: {"a": {"b": 1}} {{x}}\'', "persona") == 'a nurse: {"a": {"b": 1}} {{x}}'


def test_columns_are_filled_by_their_names_without_any_fields(tmp_path: Path) -> None:
    assert (
        filled(tmp_path, "t: '{persona} {n} {other} {messages.0.content}'") == "a nurse 3 {other} {messages.0.content}"
    )


def test_a_task_may_name_its_fields_and_have_a_system_message(tmp_path: Path) -> None:
    yaml = "t: {fields: [who, what], system: 'Be {who}.', template: '{context}{what} {0}'}"
    assert filled(tmp_path, yaml, "persona", "frost") == "Be a nurse.|frost a nurse"
    assert filled(tmp_path, yaml, "persona", "frost", context="Oslo").startswith(
        "Be a nurse.|All of it is set here: Oslo\n"
    )


def test_a_colon_too_many_makes_no_task_unreachable(tmp_path: Path) -> None:
    path = instructions(tmp_path, "finance_qna_gen:: 'A {0}'\nother: 'B {0}'\n")
    assert choose_task(path, "finance_qna_gen").template == "A {0}"
    assert choose_task(path, "finance_qna_gen:").template == "A {0}"


def test_a_row_without_the_field_says_so() -> None:
    template = bind_task(choose_task(INSTRUCTIONS, "create_domain_questions"), ["none"], ROW, "")
    assert template.fill(ROW) == "a field is missing: none"
    assert AsGiven("prompt").fill({"prompt": " "}) == "a field is missing: prompt holds nothing to send"


@pytest.mark.parametrize(
    ("yaml", "fields", "says"),
    [
        ("t: '{0} {1} {3}'", ["a", "b", "c"], "asks for {0}, {1}, {3}, and 3 fields are given"),
        ("t: '{0} {1}'", ["a"], "asks for {0}, {1}, and 1 fields"),
        ("t: {fields: [who, what], template: '{who} {what}'}", ["persona"], "takes 2 fields (who, what), 1 are given"),
        ("t: {fields: [who], template: '{who}'}", [], "needs 'who', and the input has no such column"),
    ],
)
def test_a_field_too_few_is_refused(tmp_path: Path, yaml: str, fields: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind_task(choose_task(instructions(tmp_path, yaml), ""), fields, ROW, "")
    assert says in caught.value.message


@pytest.mark.parametrize(
    "yaml", ["t: 3", "t: {template: 3}", "t: {template: x, role: y}", "t: {template: x, fields: y}", "a: x\n'a:': y"]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, yaml: str) -> None:
    with pytest.raises(PromptError):
        load_tasks(instructions(tmp_path, yaml))


def test_the_tasks_that_are_shipped_use_exactly_their_fields() -> None:
    tasks = load_tasks(INSTRUCTIONS)
    assert list(tasks) == [
        "create_domain_questions", "data_gen_personas", "agri_sft_gen", "finance_qna_gen", "syn_benchmark",
    ]  # fmt: skip
    for task in tasks.values():
        template = bind_task(task, [f"<{name}>" for name in task.fields], (), "")
        filled = template.fill({})
        assert not isinstance(filled, str)
        message = filled[0]
        assert all(f"<{name}>" in message["content"] for name in task.fields)
        assert "{context}" not in message["content"]
        assert "{" not in message["content"].split("JSON only")[0]
