"""Prediction in Python: words that stand for it, and clear words for wrong use."""

from __future__ import annotations

import pytest

from facetoy import Prediction


def test_question_and_answers_are_escaped_text() -> None:
    prediction = Prediction("Is a < b?", "Yes & no", "*No*")
    words = "<p>Is a &lt; b?</p><ul><li>Yes &amp; no</li><li>*No*</li></ul>"
    assert prediction._html == words
    assert prediction._alt == "Is a < b?"


def test_viewers_without_widgets_get_the_words() -> None:
    prediction = Prediction("Is a < b?", "Yes & no", "*No*")
    data, _ = prediction._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == prediction._html
    assert data["text/plain"] == "Is a < b?\nYes & no\n*No*"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("", "a", "b"), "must not be empty"),
        (("Which?", "a", " "), "must not be empty"),
        (("Which?",), "needs at least two answers, got 0"),
        (("Which?", "a"), "needs at least two answers, got 1"),
        (("Which?", "a", "b", "a"), "answers must differ"),
    ],
)
def test_wrong_use_is_named(given: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Prediction(*given)


@pytest.mark.parametrize("given", [(None, "a", "b"), ("Which?", ["a", "b"]), ("Which?", "a", 2)])
def test_other_types_are_named(given: tuple) -> None:
    with pytest.raises(TypeError, match="question and answers must be text"):
        Prediction(*given)
