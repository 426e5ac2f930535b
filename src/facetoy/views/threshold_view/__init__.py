"""ThresholdView: the scores of pairs, and a threshold to drag."""
