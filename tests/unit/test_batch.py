"""What one transaction writes, and in which order."""

from population.runs.batch import NODES, Batch


def statements(batch: Batch) -> list[str]:
    return [write.statement for write in batch.writes()]


def test_a_question_is_written_before_what_asks_about_it() -> None:
    """The first row links a question that is known, a later one makes a question: its link would find none."""
    batch = Batch()
    batch.add("asks_about_group", question="known", about="g1", call="c1", props={})
    batch.add("question", id="new", props={"text": "Why?"})
    batch.add("asks_about_group", question="new", about="g1", call="c2", props={})
    assert statements(batch) == ["question", "asks_about_group"]
    assert [row["question"] for row in batch.writes()[1].rows] == ["known", "new"]


def test_nodes_come_before_links_and_the_run_last_in_whatever_order_they_came() -> None:
    links = ["posed_by", "distilled_from", "asks_about_domain"]
    batch = Batch()
    for statement in ("run", *links, *reversed(NODES)):
        batch.add(statement, id=statement)
    written = statements(batch)
    assert set(written[: len(NODES)]) == set(NODES)
    assert written[len(NODES) :] == [*links, "run"]


def test_rows_of_a_statement_are_one_write_in_their_order() -> None:
    batch = Batch()
    for number in range(3):
        batch.add("persona", id=str(number))
        batch.add("run", id="r")
    [personas, runs] = batch.writes()
    assert [row["id"] for row in personas.rows] == ["0", "1", "2"]
    assert len(runs.rows) == 3


def test_nothing_added_is_nothing_written() -> None:
    assert Batch().writes() == []


def test_every_node_is_a_statement() -> None:
    import cypher

    assert set(NODES) <= set(cypher.names("writes"))
