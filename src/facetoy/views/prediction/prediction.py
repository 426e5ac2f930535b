"""Prediction: the reader commits to an answer before the result is shown."""

from __future__ import annotations

from html import escape
from pathlib import Path

import traitlets

from facetoy.views.shared.widget import Words


class Prediction(Words):
    """A question, and its possible answers as buttons.

    Args:
        question: plain text.
        answers: at least two different ones, plain text.

    None of them is marked as right: the next cell shows it. The book's pages keep its result back
    until the reader has answered, and fold its code. TypeError for anything but text; ValueError
    for an empty one, for a single answer, and for two that are the same.
    """

    front_end = Path(__file__).with_suffix(".js")

    #: The book keeps back what follows, up to the next heading, until `facetoy-predicted`.
    _withholds = traitlets.Bool(True).tag(sync=True)

    def __init__(self, question: str, *answers: str) -> None:
        for text in (question, *answers):
            if not isinstance(text, str):
                raise TypeError(f"a prediction's question and answers must be text, got {text!r}")
            if not text.strip():
                raise ValueError("a prediction's question and answers must not be empty")
        if len(answers) < 2:
            raise ValueError(f"a prediction needs at least two answers, got {len(answers)}")
        if len(set(answers)) < len(answers):
            raise ValueError("a prediction's answers must differ from each other")
        items = "".join(f"<li>{escape(answer)}</li>" for answer in answers)
        super().__init__(_html=f"<p>{escape(question)}</p><ul>{items}</ul>", _alt=question)
