"""Margins rise, λ falls, and so does the learning rate."""

import numpy as np
import torch

import facetoy
from facetoy.losses import ArcFace, CombinedMargin, LSoftmax


def test_margin_warms_up(digits, monkeypatch):
    seen = []
    phi = ArcFace.phi
    monkeypatch.setattr(ArcFace, "phi", lambda self, cos: seen.append(self.m) or phi(self, cos))
    facetoy.fit("arcface", digits, m=0.4, epochs=2, snapshots=2, warmup=0.5)
    assert seen[0] == 0
    assert (np.diff(seen) >= 0).all()
    np.testing.assert_allclose(seen[:12], 0.4 * np.arange(12) / 12)
    assert seen[12:] == [0.4] * 12


def test_every_margin_of_the_combination_warms_up(digits, monkeypatch):
    seen = []
    phi = CombinedMargin.phi

    def spy(self, cos):
        seen.append((self.m1, self.m2, self.m3))
        return phi(self, cos)

    monkeypatch.setattr(CombinedMargin, "phi", spy)
    run = facetoy.fit("combined", digits, m1=1.4, m2=0.2, m3=0.1, epochs=1, snapshots=2)
    assert seen[0] == (1, 0, 0)
    np.testing.assert_allclose(seen[-1], (1.4, 0.2, 0.1))
    assert [run.config[k] for k in ("m1", "m2", "m3")] == [1.4, 0.2, 0.1]


def test_lambda_is_annealed_down_to_its_final_value(digits, monkeypatch):
    seen = []
    phi = LSoftmax.phi
    monkeypatch.setattr(LSoftmax, "phi", lambda self, cos: seen.append(self.lam) or phi(self, cos))
    run = facetoy.fit("asoftmax", digits, lam=5.0, epochs=3, snapshots=2)
    assert seen[0] == 1000
    assert seen[1] == LSoftmax.annealing(1 / 36)
    assert seen[-1] == 5
    assert run.config["lam"] == 5
    assert run.config["m"] == 4


def test_another_optimiser_and_another_decay(digits):
    seen = []

    def sgd(parameters, lr):
        return torch.optim.SGD(parameters, lr, momentum=0.9)

    def steps(part):
        seen.append(part)
        return 1.0 if part < 0.5 else 0.0

    run = facetoy.fit(
        "softmax", digits, epochs=2, snapshots=3, lr=0.1, optimizer=sgd, decay=steps, progress=False
    )
    np.testing.assert_allclose(seen, np.arange(24) / 24)
    assert run.config["optimizer"] == "sgd"
    assert run.config["decay"] == "steps"
    assert run.history["test_accuracy"][0] > 0.3
    assert run.history["test_accuracy"][0] == run.history["test_accuracy"][1]  # rate 0
