"""Prediction: a question to answer before the result is shown."""
