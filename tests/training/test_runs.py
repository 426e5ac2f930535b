"""Runs are saved whole or not at all, and what is no run is refused."""

import numpy as np
import pytest

import facetoy


def test_save_and_load(run, tmp_path):
    path = run.save(tmp_path / "a.npz")
    got = facetoy.load_run(path)
    for name in ("features", "weight", "predicted", "labels", "images", "steps"):
        assert np.array_equal(getattr(got, name), getattr(run, name)), name
    assert got.history.keys() == run.history.keys()
    assert (got.config, got.device, got.class_names) == (run.config, run.device, run.class_names)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_damaged_files_are_named(run, tmp_path):
    path = run.save(tmp_path / "a.npz")
    whole = path.read_bytes()
    for i, damage in enumerate(
        (whole[: len(whole) // 2], b"", b"nothing", whole[:5000] + b"x" * 500 + whole[5500:])
    ):
        bad = tmp_path / f"{i}.npz"
        bad.write_bytes(damage)
        with pytest.raises(ValueError, match=r"\.npz is damaged or is not a facetoy run"):
            facetoy.load_run(bad)
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match="is not a facetoy run"):
        facetoy.load_run(tmp_path / "other.npz")
    np.savez(tmp_path / "pickle.npz", words=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="is not a facetoy run"):
        facetoy.load_run(tmp_path / "pickle.npz")
    with pytest.raises(FileNotFoundError):
        facetoy.load_run(tmp_path / "none.npz")


def test_failed_save_keeps_the_old_file(run, tmp_path, monkeypatch):
    path = run.save(tmp_path / "a.npz")
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="disk full"):
        run.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
