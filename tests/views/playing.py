"""How a test plays with the playground."""

from __future__ import annotations

import re

from playwright.sync_api import Page

LEARNT = 40  # epochs; around the 20th the network still wavers between a 1 and a 7
FRAME = 16  # milliseconds of the page's clock; in each it trains for two epochs


def epochs(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator(".ft-clock").inner_text()))


def stop_clock(page: Page) -> None:
    """Stop the page's own clock, whatever is due now."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)


def train(page: Page, least: int = LEARNT) -> None:
    """Play until so many epochs are over. The page's own clock stands still while it trains, so
    that each picture brings as many steps, however fast the machine is."""
    stop_clock(page)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(FRAME * -(-(least - epochs(page)) // 2))
    page.get_by_role("button", name="Pause").click()
    page.clock.resume()
    assert epochs(page) >= least
