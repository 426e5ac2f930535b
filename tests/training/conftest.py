"""Digits, and a short run on them."""

import pytest

import facetoy


@pytest.fixture(scope="session")
def digits():
    return facetoy.load("digits")


@pytest.fixture(scope="session")
def run(digits):
    return facetoy.fit("arcface", digits, m=0.5, epochs=3, snapshots=5)
