import numpy as np
import pytest
import torch

import facetoy
from facetoy.faces import strangers


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
