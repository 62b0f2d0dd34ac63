import numpy as np
import pytest

from pgraph.app.coverage import CoverageReport, Page
from pgraph.page import charts, render
from population.reports import HeatMap
from population.reports.diversity import distinct, nearest_distance, vendi
from population.reports.tables import ResolutionCoverage


def test_vendi_counts_what_is_altogether_different() -> None:
    assert vendi(np.eye(7, dtype=np.float32)) == pytest.approx(7)
    assert vendi(np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)) == pytest.approx(3)
    assert vendi(np.ones((4, 1), np.float32)) == pytest.approx(1)
    assert vendi(np.zeros((0, 3), np.float32)) == 0


@pytest.mark.parametrize("shape", [(40, 6), (5, 30)])
def test_vendi_is_the_entropy_of_the_similarity_matrix(shape: tuple[int, int]) -> None:
    """As the paper defines it, of K/n itself."""
    rows = np.random.default_rng(0).normal(size=shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(rows @ rows.T / len(rows))
    values = values[values > 1e-12]
    assert vendi(rows.astype(np.float32)) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-4)


def test_distance_to_the_nearest() -> None:
    assert nearest_distance(np.array([[1, 0], [1, 0], [0, 1]], np.float32)) == pytest.approx(1 / 3, abs=1e-6)
    assert nearest_distance(np.array([[1, 0]], np.float32)) is None


def test_distinct_runs_of_words() -> None:
    texts = [["a", "nurse", "and", "a", "nurse"], ["a", "cook"]]
    assert distinct(texts, 1) == pytest.approx(4 / 7, abs=1e-4)
    assert distinct(texts, 2) == pytest.approx(4 / 5, abs=1e-4)
    assert distinct(texts, 3) == 1.0
    assert distinct([["a"]], 2) is None


def test_whatever_is_put_into_the_page_is_text() -> None:
    overall = [ResolutionCoverage(name, 0, 0, 0, None, 0.0) for name in ("persona", "role")]
    hostile = "<b>&\"' {{ 7 * 7 }} \x00\ud800x"
    page = Page(hostile, [], [], [], [{"model": hostile}], [], [], 0, HeatMap([], [], 0, 0), [], {}, "")
    html = render(CoverageReport(overall, "group", [], page=page))
    text = "&lt;b&gt;&amp;&#34;&#39; {{ 7 * 7 }} \ufffd\ufffdx"
    assert f"Coverage report · {text} · model {text}</p>" in html


def test_curves_are_put_into_their_box() -> None:
    drawing = charts.draw([charts.Line("a", [(0, 0), (10, 5)]), charts.Line("b", [(5, 10)])], wide=100, high=50)
    assert [line.points for line in drawing.lines] == ["0.0,50.0 100.0,25.0", "50.0,0.0"]
    assert [(tick.text, tick.at, tick.share) for tick in drawing.up] == [
        ("0", "50.0", "100.00"), ("2.5", "37.5", "75.00"), ("5", "25.0", "50.00"), ("7.5", "12.5", "25.00"), ("10", "0.0", "0.00")
    ]  # fmt: skip
