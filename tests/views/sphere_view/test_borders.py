"""The lines around what each class wins, compared with the losses themselves in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from widget_page import make_run

import facetoy
from facetoy.losses import LOSSES, ArcFace, Softmax
from facetoy.views.sphere_view.packing import margin
from facetoy.views.sphere_view.sphere_view import SphereView

BORDERS = "sphere_view/borders.js"
CLASSES = 7
#: The losses with class weights, and settings that reach every branch of φ.
SETTINGS = [
    ("softmax", {}),
    ("center", {"lam": 1.0, "alpha": 0.5}),
    ("normsoftmax", {"s": 16.0}),
    ("cosface", {"s": 16.0, "m": 0.2}),
    ("amsoftmax", {"s": 16.0, "m": 0.35}),
    ("arcface", {"s": 16.0, "m": 0.0}),
    ("arcface", {"s": 16.0, "m": 0.5}),
    ("combined", {"s": 16.0, "m1": 1.2, "m2": 0.1, "m3": 0.1}),
    ("lsoftmax", {"m": 2, "lam": 0.3}),
    ("lsoftmax", {"m": 4, "lam": 0.0}),
    ("asoftmax", {"m": 4, "lam": 0.0}),
    ("asoftmax", {"m": 3, "lam": 5.0}),
]

FREE = ("softmax", "center", "lsoftmax")  # losses that use the lengths of the weights


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def lead(name: str, settings: dict, W: np.ndarray, u: np.ndarray, plainly: bool) -> np.ndarray:
    """(N, C): how far each class is ahead at unit features ``u``, its margin against it or not."""
    loss = LOSSES[name](W.shape[1], len(W), **settings).double()
    loss.weight.data = torch.tensor(W)
    x = torch.tensor(u)
    with torch.no_grad():
        plain = loss.logits(x)
        ahead = []
        for j in range(len(W)):
            y = torch.full((len(u),), j)
            own = (plain if plainly else loss.harder(plain.clone(), x, y))[:, j]
            others = plain.index_fill(1, torch.tensor([j]), -np.inf).max(1).values
            ahead.append((own - others) / getattr(loss, "s", 1.0))
    return torch.stack(ahead, 1).numpy()


def asked(name: str, settings: dict, W: np.ndarray) -> list:
    """The arguments of bordersAt for weights (C, d) at the only moment of a run."""
    C, d = W.shape
    items = np.pad(unit(W), ((0, 0), (0, 3 - d)))
    run = {
        "margin": {"loss": name, "settings": settings},
        "weight": W.ravel().tolist(),
        "steps": [0],
    }
    return [items.ravel().tolist(), {"shown": d, "count": 0, "known": C}, run, 0]


@pytest.fixture(scope="module")
def drawn(call) -> list[list[tuple[np.ndarray, list[dict]]]]:
    """For each of SETTINGS random weights, the shortest of which lie outside of what they win, and
    the lines around them."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(CLASSES, d)) for d in (2, 2, 3, 3)]
    found = call(BORDERS, "bordersAt", [asked(*one, W) for one in SETTINGS for W in weights])
    return [[(W, found.pop(0)) for W in weights] for _ in SETTINGS]


@pytest.mark.parametrize("case", range(len(SETTINGS)))
def test_lines_lie_where_the_loss_is_undecided(drawn, case):
    name, settings = SETTINGS[case]
    plain = name in ("softmax", "center", "normsoftmax")
    factor = max(1, settings.get("m1", settings.get("m", 1)))  # on the angle, at most
    for W, borders in drawn[case]:
        flat = W.shape[1] == 2
        longest = np.linalg.norm(W, axis=1).max() if name in FREE else 1
        close = np.pi / 2**11 * (1 + factor) * longest  # the angles' step, times a slope
        assert {border["thin"] for border in borders} == ({False} if plain else {False, True})
        for border in borders:
            line = np.array(border["line"])
            np.testing.assert_allclose(np.linalg.norm(line, axis=1), 1, atol=1e-6)
            line = line[:, : W.shape[1]]
            ends = line[[0, -1]] if flat else line
            ahead = lead(name, settings, W, ends, border["thin"])[:, border["cls"]]
            assert np.abs(ahead).max() < close
            inside = line[1:-1] if flat else unit(line + 0.02 * unit(line.mean(0)))
            ahead = lead(name, settings, W, inside, border["thin"])[:, border["cls"]]
            assert (ahead > -close / 10).all()


@pytest.mark.parametrize("case", range(len(SETTINGS)))
def test_every_class_that_wins_somewhere_has_its_line(drawn, case):
    """Checked at 2,000 places; a region so small that none hits it may have a line too."""
    name, settings = SETTINGS[case]
    for W, borders in drawn[case]:
        places = unit(np.random.default_rng(1).normal(size=(2000, W.shape[1])))
        share = (lead(name, settings, W, places, False) > 0).mean(0)
        lines = {border["cls"]: border["line"] for border in borders if not border["thin"]}
        assert {j for j in range(CLASSES) if share[j] > 0.002} <= set(lines)
        if W.shape[1] == 3:
            continue
        for cls, line in lines.items():
            turns = np.unwrap(np.arctan2(*np.array(line)[:, 1::-1].T))
            long = abs(turns[-1] - turns[0]) / (2 * np.pi)
            assert long == pytest.approx(share[cls], abs=0.05)


def test_arcface_keeps_its_margin_in_radians_from_each_border(call):
    """On the circle a band ends m/2 before the middle between two arrows."""
    angles = np.radians([0, 80, 200])
    W = np.stack([np.cos(angles), np.sin(angles)], 1)
    (borders,) = call(BORDERS, "bordersAt", [asked("arcface", {"m": 0.4}, W)])
    band = next(b["line"] for b in borders if b["cls"] == 0 and not b["thin"])
    ends = sorted(np.degrees(np.arctan2(y, x)) for x, y, _ in (band[0], band[-1]))
    half = np.degrees(0.2)
    assert ends == pytest.approx([-80 + half, 40 - half], abs=0.03)


def test_settings_move_between_snapshots(call):
    given = {"loss": "arcface", "settings": {"s": 16, "m": [0, 0.2, 0.5]}}
    found = call(BORDERS, "settingsAt", [[given, at] for at in (0, 0.5, 1.5, 2)])
    assert [now["m"] for now in found] == pytest.approx([0, 0.1, 0.35, 0.5])
    assert {now["s"] for now in found} == {16}


# ---- what is known of a run


def tiny() -> facetoy.Data:
    digits = facetoy.load("digits")
    return replace(
        digits,
        train_images=digits.train_images[:200], train_labels=digits.train_labels[:200],
        test_images=digits.test_images[:20], test_labels=digits.test_labels[:20],
    )  # fmt: skip


@pytest.fixture(scope="module")
def train() -> Callable[..., facetoy.Run]:
    data = tiny()

    def train(loss, **settings):
        return facetoy.fit(loss, data, epochs=6, snapshots=6, progress=False, **settings)

    return train


def test_the_margin_of_each_snapshot_is_that_of_the_moment(train, monkeypatch):
    """Read from the loss while it trains: the margin of the step that follows each snapshot."""
    used = []
    monkeypatch.setattr(
        ArcFace, "harder",
        lambda self, z, x, y: used.append(self.m) or super(ArcFace, self).harder(z, x, y),
    )  # fmt: skip
    run = train("arcface", m=0.5, warmup=0.5)
    found = margin(run)
    assert (found["loss"], found["settings"]["s"]) == ("arcface", 16)
    want = [used[min(step, len(used) - 1)] for step in run.steps]
    assert found["settings"]["m"] == pytest.approx(want, abs=1e-5)
    assert want[0] == 0 < want[1] < want[-1] == 0.5


def test_the_lambda_of_a_softmax_is_annealed(train):
    run = train("asoftmax", m=4)
    part = run.steps / run.steps[-1]
    found = margin(run)["settings"]
    assert found["lam"] == pytest.approx(1000 / (1 + 3360 * part), rel=1e-4)
    assert found["m"] == 4


def test_runs_that_do_not_tell_their_borders(train):
    class Own(ArcFace):
        def phi(self, cos):
            return super().phi(cos) - 0.1

    for name in ("softmax", "center", "normsoftmax", "cosface", "lsoftmax", "combined"):
        assert margin(train(name))["loss"] == name
    assert margin(train(ArcFace(3, 10, s=8.0)))["settings"]["s"] == 8
    for loss in ("triplet", Own, Softmax(3, 10, bias=True)):
        assert margin(train(loss)) is None

    def stop(run):
        if run.steps[-1]:
            raise KeyboardInterrupt

    assert margin(train("arcface", on_snapshot=stop)) is None
    assert margin(train("softmax", on_snapshot=stop)) == {"loss": "softmax", "settings": {}}


def test_what_travels_is_small_and_only_for_what_is_seen_whole(train):
    view = SphereView(train("arcface"))
    (run,) = view._meta["sides"][0]["runs"]
    assert len(str(run["margin"])) < 200
    assert view._meta["margins"] is False
    wide = SphereView(train("arcface", dim=5), margins=True)
    assert wide._meta["margins"] is True
    assert wide._meta["sides"][0]["runs"][0]["margin"] is None


def test_lengths_of_the_weights_travel(call):
    run = make_run(loss="softmax")
    run.weight[:] *= np.linspace(0.2, 3, 5)[:, None].astype(np.float32)
    view = SphereView(run)
    (sides,) = call("sphere_view/unpacking.js", "unpackSides", [[view._meta, list(view._data)]])
    weight = np.array(sides[0]["runs"][0]["weight"]).reshape(run.weight.shape)
    np.testing.assert_allclose(weight, run.weight / 3, atol=1e-4)


def test_beside_a_loss_with_borders_one_without_says_so(call):
    (words,) = call(BORDERS, "wordsOnBorders", [[{"margin": None}, 0, False]])
    assert words == "The borders of this loss are not known."
