import numpy as np
import pytest
import torch

import facetoy
from facetoy.faces import strangers
from facetoy.training.batched import Together


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller test: what it measures stays, how well does not."""
    for name, value in (("PEOPLE", 40), ("STRANGERS", 40), ("PAIRS", 4000)):
        monkeypatch.setattr(strangers, name, value)


class Guess(torch.nn.Module):
    """A loss that teaches nothing: the network stays as it was drawn."""

    def forward(self, x, y):
        return 0 * x.sum()


@pytest.mark.usefixtures("small")
def test_training_helps_with_people_who_were_not_in_it():
    untrained = facetoy.stranger_test(Guess, seed=range(2))
    trained = facetoy.stranger_test("softmax", seed=range(2))
    assert trained.shape == untrained.shape == (2,)
    assert 10 < trained.max() < untrained.min() - 5 < 45


@pytest.mark.usefixtures("small")
def test_settings_go_to_the_training():
    one, two = (facetoy.stranger_test("normsoftmax", seed=[0], s=s, epochs=2) for s in (1, 16))
    assert one != two
    with pytest.raises(TypeError, match="margin"):
        facetoy.stranger_test("softmax", seed=[0], margin=3)
    assert np.isfinite([one, two]).all()


@pytest.mark.usefixtures("small")
def test_chapters_share_runs_where_the_environment_names_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETOY_CACHE", str(tmp_path))
    args = {"seed": [0, 1], "epochs": 1, "jobs": 1}
    first = facetoy.stranger_test("arcface", **args)
    runs = list(tmp_path.iterdir())
    assert len(runs) == 2
    assert sum(run.stat().st_size for run in runs) < 2 * 300_000  # no stranger is in them
    monkeypatch.setattr(Together, "take", None)  # no step is taken
    assert np.array_equal(facetoy.stranger_test("arcface", **args), first)
    monkeypatch.delenv("FACETOY_CACHE")
    assert np.array_equal(facetoy.stranger_test("arcface", cache=tmp_path, **args), first)
    with pytest.raises(TypeError, match="not callable"):
        facetoy.stranger_test("arcface", **args)


@pytest.mark.usefixtures("small")
def test_a_network_of_your_own_is_tested():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 8))
    args = {"model": network, "seed": [0], "jobs": 1, "epochs": 1, "dim": 8}
    assert facetoy.stranger_test("softmax", **args) != facetoy.stranger_test(Guess, **args)
