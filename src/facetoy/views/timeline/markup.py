"""The few signs of Markdown that a timeline's texts may have, as HTML."""

from __future__ import annotations

import re
from functools import partial
from html import escape
from urllib.parse import urljoin

# **bold**, *italic*, [text](address); an address may have pairs of parentheses, as some DOIs do
SIGNS = re.compile(
    r"\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*"
    r"|\*(?=\S)(?P<em>.+?)(?<=\S)\*"
    r"|\[(?P<label>[^]]+)\]\((?P<address>(?:[^()\s]|\([^()\s]*\))+)\)",
)
SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _signed(text: str, base: str) -> str:
    """HTML of an escaped text that may have signs."""
    return SIGNS.sub(partial(_element, base=base), text)


def _element(found: re.Match, base: str) -> str:
    """The element that a sign stands for, with the signs within it."""
    kind = found.lastgroup
    if kind != "address":
        return f"<{kind}>{_signed(found[kind], base)}</{kind}>"
    if SCHEME.match(found["address"]):
        raise ValueError(f"links must lead to pages or notebooks, got {found['address']}")
    return f'<a href="{urljoin(base, found["address"])}">{_signed(found["label"], base)}</a>'


def paragraphs(text: str, base: str = "") -> str:
    """HTML of a plain text whose paragraphs are set apart by blank lines; relative links lead on
    from ``base``.

    ValueError for a link that leads neither to a web page nor to a file.
    """
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))
    return "".join(f"<p>{_signed(escape(part), base)}</p>" for part in parts)
