"""The page "When it does not work": its lines run, and the book's search finds each question."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page

PAGE = Path(__file__).parents[2] / "book/troubles.md"
#: What learners ask again and again, in their words.
QUESTIONS = (
    "Why does my toy figure not look like the paper's?",
    "The loss falls, the accuracy stays 0",
    "Why s = 64 (or 30)?",
    "How do I choose m?",
    "The loss stays at 3 or 8: is that bad?",
    "What are easy_margin, th, mm?",
    "NaN",
    "What do I do with the vector?",
    "Where is W, who trains it?",
    "W or the class mean?",
    "A new person without training again",
    "Which threshold?",
    "A stranger is taken for somebody",
    "Cosine or distance; normalise or not?",
    "The mean of a person's photos, or all of them?",
    "Worse than softmax as a classifier",
    "Fine-tuning on my own data",
    "Two photos per person",
    "Softmax first, then ArcFace?",
    "BatchNorm or ReLU at the embedding?",
    "What is λ; is λ = 5 just a smaller m?",
    "Triplet loss is stuck at the margin",
    "α of the centers",
    "ArcFace, CosFace or AdaFace?",
    "Is the length of a feature its quality?",
    "Small batches",
    "Noisy labels",
    "Triplet and ArcFace together",
    "Half precision: what must stay float32?",
    "Weight decay on W, gradient clipping",
)
#: Some of them in more or fewer words, or in another order.
OTHERWISE = {
    "The loss falls, the accuracy stays 0 (measured on the logits with margin)": QUESTIONS[1],
    "Where is W, who trains it? (it must go to the optimiser)": "Where is W, who trains it?",
    "arcface loss nan": "NaN",
    "accuracy stays 0": QUESTIONS[1],
    "easy_margin": "What are easy_margin, th, mm?",
    "choose m": "How do I choose m?",
    "triplet stuck": "Triplet loss is stuck at the margin",
    "clip gradient": "Weight decay on W, gradient clipping",
    "ReLU embedding": "BatchNorm or ReLU at the embedding?",
    "fine-tuning own data": "Fine-tuning on my own data",
    "new person": "A new person without training again",
    "float32": "Half precision: what must stay float32?",
    "softmax first": "Softmax first, then ArcFace?",
    "length quality": "Is the length of a feature its quality?",
}


def answers() -> dict[str, str]:
    """What stands below each question of the page."""
    _, *parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)
    pairs = (part.split("\n", 1) for part in parts)
    return {question.replace("`", ""): answer for question, answer in pairs}


def code(text: str) -> list[str]:
    """The blocks of code in a text, with prompts and output."""
    return re.findall(r"^```pycon\n(.*?)^```", text, flags=re.M | re.S)


def test_every_question_is_a_heading_in_its_own_words() -> None:
    assert sorted(answers()) == sorted(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_short_has_code_and_leads_to_the_experiment(question: str) -> None:
    answer = answers()[question]
    assert len(code(answer)) == 1
    assert all(len(line) <= 76 for line in code(answer)[0].splitlines())
    said, where = answer.split("```pycon")[0], answer.split("```")[-1]
    assert 25 <= len(said.split()) <= 85
    assert re.search(r"/chapters/[\w-]+\.html#[\w-]+\)", where)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_lines_of_an_answer_run_and_print_what_the_page_says(question: str) -> None:
    """Each by itself, after those at the head of the page."""
    (head,) = code(PAGE.read_text("utf-8").split("\n## ")[0])
    lines = head + code(answers()[question])[0]
    test = doctest.DocTestParser().get_doctest(lines, {}, question, str(PAGE), 0)
    out: list[str] = []
    ran = doctest.DocTestRunner().run(test, out=out.append)
    assert ran.failed == 0, "".join(out)


def address_of(site: Path, question: str) -> str:
    """Where the search has to lead: the page, and the question's place in it."""
    page = BeautifulSoup((site / "book/troubles.html").read_text("utf-8"), "html.parser")
    headings = {
        h.get_text().rstrip("#").replace("’", "'"): h.parent["id"]
        for h in page.select("section > h2")
    }
    return f"book/troubles.html#{headings[question]}"


@pytest.mark.parametrize(("words", "question"), [*((q, q) for q in QUESTIONS), *OTHERWISE.items()])
def test_a_search_finds_the_answer(
    visit: Callable[..., Page], site: Path, words: str, question: str
) -> None:
    """Among the first three results, when the words are typed into the search page."""
    page = visit("search.html")
    page.locator("main input[name=q]").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.search-summary')?.innerText")
    first = [link.get_attribute("href") for link in page.locator("#search-results a").all()[:3]]
    assert address_of(site, question) in first


def test_a_search_from_disk_finds_the_answer(visit: Callable[..., Page], site: Path) -> None:
    page = visit(f"{(site / 'search.html').as_uri()}?q=stuck%20triplet")
    page.locator("#search-results a").first.wait_for()
    first = page.locator("#search-results a").first.get_attribute("href")
    assert first == address_of(site, "Triplet loss is stuck at the margin")
