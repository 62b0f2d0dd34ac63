import pytest

from distill.dataset.licences import in_words, of_card


@pytest.mark.parametrize(
    ("stated", "card"),
    [
        ([], {"license": "unknown"}),
        (["not stated"], {"license": "unknown"}),
        (["CC BY 4.0"], {"license": "cc-by-4.0"}),
        (["Apache-2.0", "apache 2.0"], {"license": "apache-2.0"}),
        (["cc-by-4.0", "mit"], {"license": "other", "license_name": "several", "license_link": "README.md"}),
        (["cc-by-4.0", "not stated"], {"license": "other", "license_name": "several", "license_link": "README.md"}),
        (["Our Terms, v2"], {"license": "other", "license_name": "our-terms-v2", "license_link": "README.md"}),
        (["जैसा है"], {"license": "other", "license_name": "other", "license_link": "README.md"}),
    ],
)
def test_a_licence_only_where_all_state_the_same(stated: list[str], card: dict[str, str]) -> None:
    assert of_card(stated) == card


def test_in_words() -> None:
    assert in_words(["not stated"]) == in_words([]) == "not stated"
    assert in_words(["mit", "not stated"]) == "mit, not stated"
