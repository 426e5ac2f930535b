"""What a run is called in a picture."""

from facetoy.training.runs import Run

LOSS_TITLES = {
    "softmax": "Softmax",
    "center": "Center loss",
    "triplet": "Triplet loss",
    "lsoftmax": "L-Softmax",
    "asoftmax": "A-Softmax",
    "normsoftmax": "NormSoftmax",
    "cosface": "CosFace",
    "amsoftmax": "AM-Softmax",
    "arcface": "ArcFace",
    "combined": "Combined margin",
}
#: How a title writes a setting whose name in Python is not the paper's.
SYMBOLS = {"lam": "λ"}
#: Settings of a run that its title leaves out, since they do not belong to the loss.
NOT_IN_TITLE = {
    *("loss", "data", "model", "num_classes", "dim", "epochs", "seed"),
    *("lr", "batch_size", "per_class", "warmup", "snapshots", "device", "interrupted", "alpha"),
    *("optimizer", "decay"),
}


def title(run: Run) -> str:
    """What a run is called in the picture: its loss, that loss's settings, how badly it ended."""
    name = str(run.config["loss"])
    settings = [
        value if isinstance(value, str) else f"{SYMBOLS.get(key, key)} = {value:g}"
        for key, value in sorted(run.config.items())
        if key not in NOT_IN_TITLE
        and not (key == "lam" and value == 0 and "m" in run.config)  # annealed away
        and isinstance(value, int | float | str)
        and not isinstance(value, bool)
    ]
    settings += ["diverged"] * bool(run.config.get("diverged"))
    return LOSS_TITLES.get(name, name) + (f" · {', '.join(settings)}" if settings else "")
