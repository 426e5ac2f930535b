"""A chapter whose trainings are short, for tests that ask how it runs and not what it finds."""

CODE = """import functools, facetoy
def brief(act):
    def acted(*a, **k):
        return act(*a, **k | {{"epochs": min(k.get("epochs", {epochs}), {epochs})}})
    return functools.wraps(act)(acted)
for name in ("fit", "sweep", "stranger_test"):
    setattr(facetoy, name, brief(getattr(facetoy, name)))
facetoy.claims = lambda *a, **k: None
"""


def brief(epochs: int) -> str:
    """Code for a chapter's kernel: no training has more epochs, and no claim is asked."""
    return CODE.format(epochs=epochs)
