"""How a test plays with the playground."""

from __future__ import annotations

from playwright.sync_api import Page


def train(page: Page, least: int) -> None:
    """Play until at least so many epochs are over."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "(least) => +document.querySelector('.ft-clock').textContent.replace(/\\D/g, '') >= least",
        arg=least,
        timeout=120_000,
    )
    page.get_by_role("button", name="Pause").click()
