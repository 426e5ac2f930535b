"""How a test plays with the playground."""

from __future__ import annotations

from playwright.sync_api import Page

LEARNT = 40  # epochs; around the 20th the network still wavers between a 1 and a 7


def train(page: Page, least: int = LEARNT) -> None:
    """Play until at least so many epochs are over."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "(least) => +document.querySelector('.ft-clock').textContent.replace(/\\D/g, '') >= least",
        arg=least,
        timeout=120_000,
    )
    page.get_by_role("button", name="Pause").click()
