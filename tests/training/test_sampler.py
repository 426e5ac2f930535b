"""Batches: every image once, or several of each of a few classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import facetoy
from facetoy.training.sampler import Shuffled


def test_pk_sampler():
    labels = np.repeat(np.arange(5), [1, 2, 10, 20, 30])
    batches = facetoy.PKSampler(labels, 3, 4, torch.Generator().manual_seed(0))
    assert len(batches) == 63 // 12
    for batch in batches:
        assert len(batch) == 12
        classes, counts = np.unique(labels[batch], return_counts=True)
        assert len(classes) == 3
        assert (counts == 4).all()
        for c in classes:
            mine = [i for i in batch if labels[i] == c]
            assert len(set(mine)) == min(4, (labels == c).sum())
    with pytest.raises(ValueError, match="classes must be an integer from 1 to 5, got 6"):
        facetoy.PKSampler(labels, 6, 2)
    with pytest.raises(ValueError, match="per_class must be an integer of at least 2, got 1"):
        facetoy.PKSampler(labels, 3, 1)


def test_no_batch_of_one_image(digits):
    few = replace(digits, train_images=digits.train_images[:33], train_labels=np.arange(33) % 10)
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3), torch.nn.BatchNorm1d(3))
    run = facetoy.fit("softmax", few, model=own, epochs=2, batch_size=16, snapshots=2)
    assert run.steps[-1] == 4
    seen = Shuffled(33, 16, torch.Generator())
    sizes = [len(batch) for batch in seen]
    assert (sizes, len(seen)) == ([16, 17], 2)
    assert sorted(torch.cat(list(seen)).tolist()) == list(range(33))
