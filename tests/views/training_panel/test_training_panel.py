"""TrainingPanel without a browser: messages in, messages and traits out."""

import numpy as np
import pytest

import facetoy
from facetoy.views.shared.settings import loss_arguments
from facetoy.views.training_panel.training_panel import TrainingPanel


class Page:
    """Stands in for the page: keeps what the panel sends and speaks to it."""

    def __init__(self, panel: TrainingPanel) -> None:
        self.panel = panel
        self.heard: list[dict] = []
        self.pictures: list[int] = []
        panel.send = lambda content, buffers=None: self.heard.append(content)
        panel.observe(lambda change: self.pictures.append(len(change.new)), "_data")

    def say(self, **message) -> None:
        self.panel._hear(self.panel, message, [])

    def wait(self) -> dict:
        """The last message, once training is over."""
        self.panel._thread.join(timeout=60)
        assert not self.panel._thread.is_alive()
        return self.heard[-1]


@pytest.fixture(scope="module")
def digits():
    return facetoy.load("digits")


@pytest.fixture
def page(digits) -> Page:
    return Page(TrainingPanel(digits, epochs=2, device="cpu"))


def test_it_shows_a_trained_run_from_the_start(page):
    panel = page.panel
    assert panel.run.config["loss"] == "arcface"
    assert panel.run.config["epochs"] == 2
    assert panel._meta["sides"][0]["runs"][0]["steps"] == panel.run.steps.tolist()
    assert panel._still.startswith(b"\x89PNG")
    assert "ArcFace" in panel._alt
    assert panel._options["defaults"]["epochs"] == 2
    assert "device" not in panel._options["defaults"]


def test_hello_is_answered_with_the_device(page):
    page.say(type="hello")
    assert page.heard == [{"type": "ready", "text": "Trains on cpu.", "training": False}]


def test_training_streams_pictures_and_progress(page, monkeypatch):
    monkeypatch.setattr("facetoy.views.training_panel.training_panel.PAUSE", 0.0)
    page.say(type="train", settings={"loss": "softmax", "dim": 2, "epochs": 3})
    last = page.wait()
    assert last["type"] == "done"
    assert "on cpu" in last["text"]
    parts = [m["part"] for m in page.heard if m["type"] == "progress"]
    assert len(parts) >= 5
    assert parts == sorted(parts)
    assert 0 <= parts[0] < parts[-1] <= 1
    assert len(page.pictures) >= len(parts)
    run = page.panel.run
    assert (run.config["loss"], run.config["dim"], run.config["epochs"]) == ("softmax", 2, 3)
    side = page.panel._meta["sides"][0]
    assert (side["shown"], side["runs"][0]["title"]) == (2, "Softmax")
    assert "Softmax" in page.panel._alt
    again = facetoy.fit("softmax", page.panel.data, dim=2, epochs=3, device="cpu", progress=False)
    np.testing.assert_array_equal(run.features, again.features)


def test_stop_keeps_what_was_trained(page):
    page.say(type="train", settings={"loss": "arcface", "dim": 3, "epochs": 5000, "m": 0.2})
    page.say(type="train", settings={"loss": "softmax", "dim": 3, "epochs": 1})  # is ignored
    page.say(type="stop")
    last = page.wait()
    assert last["type"] == "done"
    assert last["text"].startswith("Stopped")
    assert page.panel.run.config["interrupted"]
    assert page.panel.run.config["m"] == 0.2
    page.say(type="train", settings={"loss": "arcface", "dim": 3, "epochs": 1})
    assert page.wait()["text"].startswith("Trained")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "arcface", "m": 2.0}, "m must lie in"),
        ({"loss": "arcface", "epochs": 0}, "epochs must be"),
        ({"loss": "nonsense"}, "unknown loss 'nonsense'"),
        ({"loss": "softmax", "m": 0.1}, "takes no argument 'm'"),
    ],
)
def test_errors_of_fit_are_told_in_one_sentence(page, settings, words):
    page.say(type="train", settings=settings)
    last = page.wait()
    assert last["type"] == "error"
    assert words in last["text"]
    assert last["text"].endswith(".")
    before = page.panel.run
    page.say(type="hello")
    assert page.heard[-1]["training"] is False
    assert page.panel.run is before


def test_nonsense_from_the_page_changes_nothing(page):
    for message in ({"type": "dance"}, {}):
        page.say(**message)
    page.panel._hear(page.panel, "hello", [])
    assert page.heard == []


def test_arguments_are_those_of_the_losses():
    found = loss_arguments()
    assert set(found) == set(facetoy.losses.LOSSES)
    assert found["softmax"] == {}
    assert found["arcface"] == {"s": 16.0, "m": 0.5}


@pytest.mark.parametrize(
    ("defaults", "words"), [({"dim": 5}, "dim must be 2 or 3, got 5"), ({"m": -1}, "m must lie in")]
)
def test_wrong_defaults_are_refused(digits, defaults, words):
    with pytest.raises(ValueError, match=words):
        TrainingPanel(digits, **defaults)
