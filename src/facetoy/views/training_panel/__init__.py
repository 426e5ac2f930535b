"""TrainingPanel: a form that trains in a live notebook, above a SphereView."""
