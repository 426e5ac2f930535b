"""An interruption ends a training with all that was recorded."""

import itertools

import pytest

import facetoy
from facetoy.losses import Softmax


def test_interruption_keeps_what_was_trained(digits):
    def stop(run):
        if run.steps[-1] > 20:
            raise KeyboardInterrupt

    run = facetoy.fit("softmax", digits, epochs=50, on_snapshot=stop)
    assert run.config["interrupted"]
    assert 20 < run.steps[-1] < 100
    assert len(run.features) == len(run.steps) == len(run.predicted)


def test_interruption_between_snapshots(digits, monkeypatch):
    calls = iter(range(100))
    forward = Softmax.forward

    def interrupted(self, x, y):
        if next(calls) == 17:
            raise KeyboardInterrupt
        return forward(self, x, y)

    monkeypatch.setattr(Softmax, "forward", interrupted)
    run = facetoy.fit("softmax", digits, epochs=5, snapshots=2)
    assert run.steps.tolist() == [0, 17]
    assert len(run.history["loss"]) == 1


@pytest.mark.parametrize("calls", [1, 2, 3, 5])
def test_an_interruption_never_leaves_half_a_snapshot(digits, monkeypatch, calls):
    """Whichever classification it hits: that of a snapshot, or one of the two after an epoch."""
    count = itertools.count()
    logits = Softmax.logits

    def interrupted(self, x):
        if next(count) == calls:
            raise KeyboardInterrupt
        return logits(self, x)

    monkeypatch.setattr(Softmax, "logits", interrupted)
    run = facetoy.fit("softmax", digits, epochs=4, snapshots=3, progress=False)
    assert run.config["interrupted"]
    assert len(run.steps) == len(run.features) == len(run.predicted) == len(run.weight)
    assert len({len(values) for values in run.history.values()}) == 1
