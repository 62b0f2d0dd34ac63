from expansion.selection.reason import Reason, reason_in_words

LABELS = {"h": "Health care", "l": "medical logistics", "": "(no domain)"}


def test_a_predicted_call_says_where_its_answers_land() -> None:
    reason = Reason("coverage", "h", 0.38, "l", 0.41, 0.62, 50)
    assert reason_in_words(reason, "a district nurse", "supplier", LABELS) == (
        "Ask a district nurse of Health care for the supplier. 38% of the answers are expected to be new; "
        "41% land in medical logistics, which is 62% uncovered. 50 known roles are excluded."
    )


def test_calls_that_no_prediction_chose_say_so() -> None:
    assert reason_in_words(Reason("random", "h"), "a cook", "guest", LABELS) == (
        "Drawn at random: ask a cook of Health care for the guest."
    )
    by_chance = reason_in_words(Reason("control", "h", 0.1, "l", 0.5, 0.2), "a cook", "guest", LABELS)
    assert by_chance.startswith("Drawn by chance, for the control group")
    assert "10% of the answers" in by_chance


def test_a_region_that_is_named_is_said_and_kept() -> None:
    reason = Reason("coverage", "h", None, "l", 0.04, 0.62, named=5)
    assert reason_in_words(reason, "a cook", "guest", LABELS) == (
        "Ask a cook of Health care for the guest. The call names 5 known roles of medical logistics, which is 62% uncovered, "
        "and asks for others like them. Without that, 4% of such answers land there."
    )
    assert reason.props() == {
        "how": "coverage", "toward": "l", "listed": 0, "share": 0.04, "uncovered": 0.62, "named": 5,
    }  # fmt: skip


def test_a_probability_that_is_asked_for_is_said_and_kept() -> None:
    said = [reason_in_words(Reason("random", "h", verbalised=below), "a cook", "guest", LABELS) for below in (1.0, 0.1)]
    assert said[0].endswith(" Each answer comes with its probability.")
    assert said[1].endswith(" Each answer comes with its probability, which should be below 0.1.")
    assert Reason("random", "h", verbalised=0.1).props() == {"how": "random", "listed": 0, "verbalised": 0.1}


def test_what_is_kept_leaves_out_what_is_not_known() -> None:
    assert Reason("breadth-first", "h").props() == {"how": "breadth-first", "listed": 0}
    assert Reason("coverage", "h", 0.0, "l", 0.5, 0.25).props() == {
        "how": "coverage", "expected": 0.0, "toward": "l", "listed": 0, "share": 0.5, "uncovered": 0.25,
    }  # fmt: skip
