"""What the browser tests do of their own accord: a second try, where the browser stood still."""

from __future__ import annotations

import re

import pytest
from conftest import NO_FRAMES
from playwright.sync_api import Browser, TimeoutError

BUTTON = "<button>Play</button>"
MOVES = """<style>@keyframes move { to { transform: translateX(90px) } }
button { animation: move 1s infinite linear }</style>"""
COVERED = '<div style="position: fixed; inset: 0"></div>'


@pytest.mark.parametrize(
    ("more", "frames", "again"),
    [("", False, True), (MOVES, True, False), (COVERED, True, False)],
    ids=["no pictures", "moves", "covered"],
)
def test_a_second_try_is_for_a_browser_that_draws_no_pictures(
    chrome: Browser, more: str, frames: bool, again: bool
) -> None:
    with chrome.new_context() as context:
        page = context.new_page()
        page.set_content(BUTTON + more)
        if not frames:
            session = context.new_cdp_session(page)
            session.send("Emulation.setVirtualTimePolicy", {"policy": "pause"})
        with pytest.raises(TimeoutError) as ended:
            page.get_by_role("button").click(timeout=2000)
    assert bool(re.search(NO_FRAMES, str(ended.value))) == again, ended.value
