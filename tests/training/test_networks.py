"""The small networks, and the features that a trained one gives to new images."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import facetoy
from facetoy.training.networks import ConvEmbedder, Embedder, make_embedder


@pytest.fixture(scope="module")
def faces():
    return facetoy.open_split(facetoy.load("toyfaces", identities=24, images=6), 16)


@pytest.fixture(scope="module")
def run(faces):
    return facetoy.fit("arcface", faces, dim=8, epochs=25, batch_size=16, snapshots=2)


@pytest.mark.parametrize(
    ("size", "kind"),
    [((8, 8), Embedder), ((16, 15), Embedder), ((16, 16), ConvEmbedder), ((28, 33), ConvEmbedder)],
)
def test_the_network_follows_the_size(size, kind):
    network = make_embedder(*size, 5)
    assert type(network) is kind
    assert network(torch.zeros(3, 1, *size)).shape == (3, 5)


def test_faces_train_with_convolutions(run, faces):
    assert run.config["model"] == "ConvEmbedder"
    assert run.features.shape == (2, len(faces.test_labels), 8)
    assert np.isfinite(run.features).all()
    assert run.history["train_accuracy"][-1] > 0.5  # by chance 0.06


def test_embed_gives_the_features_of_the_last_snapshot(run, faces, tmp_path):
    for r in (run, facetoy.load_run(run.save(tmp_path / "run.npz"))):
        features = facetoy.embed(r, faces.test_images)
        np.testing.assert_allclose(features, run.features[-1], atol=1e-5)
        # one alone as in a crowd: the network is not in training
        np.testing.assert_allclose(facetoy.embed(r, faces.test_images[:1])[0], features[0],
                                   atol=1e-5)  # fmt: skip


def test_an_own_network_is_copied_and_trained(faces):
    class Own(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Flatten(), nn.Linear(32 * 32, 8))

    own = Own()
    before = own[1].weight.clone()
    run = facetoy.fit("softmax", faces, dim=8, epochs=1, snapshots=2, model=own)
    assert torch.equal(own[1].weight, before)
    assert run.config["model"] == "Own"
    assert not np.array_equal(run.network["1.weight"], before.numpy(force=True))
    features = facetoy.embed(run, faces.test_images, own)
    np.testing.assert_allclose(features, run.features[-1], atol=1e-5)
    with pytest.raises(ValueError, match="the run trained a Own, got ConvEmbedder"):
        facetoy.embed(run, faces.test_images)


def test_another_network_of_the_same_kind_is_refused(faces):
    own = nn.Sequential(nn.Flatten(), nn.Linear(32 * 32, 8))
    run = facetoy.fit("softmax", faces, dim=8, epochs=1, snapshots=2, model=own)
    with pytest.raises(ValueError, match="parameters do not fit the network"):
        facetoy.embed(run, faces.test_images, nn.Sequential(nn.Linear(3, 3)))


def test_wrong_images_are_named(run):
    with pytest.raises(ValueError, match=r"shape \(N, 1, 32, 32\), as in training, got \(2, 32"):
        facetoy.embed(run, np.zeros((2, 32, 32)))


def test_processes_train_the_same_runs(faces):
    args = {"dim": 8, "epochs": 1, "snapshots": 2, "m": [0.0, 0.3]}
    alone, together = (facetoy.sweep("arcface", faces, jobs=n, **args) for n in (1, 2))
    for a, b in zip(alone, together, strict=True):
        assert a.config == b.config
        np.testing.assert_allclose(a.features, b.features, atol=1e-5)


def test_a_test_of_strangers_alone_has_no_accuracy(faces):
    labels = np.full(len(faces.test_labels), 16)
    strangers = replace(faces, test_labels=labels, class_names=(*map(str, range(17)),))
    run = facetoy.fit("softmax", strangers, epochs=1, snapshots=2)
    assert np.isnan(run.history["test_accuracy"]).all()
    assert (run.history["train_accuracy"] >= 0).all()
