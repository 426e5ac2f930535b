"""What the book makes of plain Markdown: notebooks need no markup of Sphinx's own.

- A formula with `\\tag{8.1}` gets that number and an anchor; `(8.1)` in prose links to it.
- A link to the address of an entry in the bibliography is a citation: its words must be the
  entry's authors and year. The page of references says where each is cited.
- A quote that begins with a bold title is a box; "In this chapter" is the chapter's own.
- Absolute links to the published book become relative ones.
- The first mention of a word of the glossary on a page links to it.

What does not fit is a warning, which stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Any

from docutils import nodes
from pybtex.database import Entry, parse_file
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from facetoy_book.figures import LiveFigure
from facetoy_book.times import in_output

LOGGER = logging.getLogger(__name__)
TAG = re.compile(r"\s*\\tag\{(\d+\.\d+)\}")
NUMBER = re.compile(r"\(((?:[1-9]|1\d)\.[1-9]\d?)\)")
LINK = re.compile(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>')
PAPER = re.compile(r"https://(?:(?:dx\.)?doi\.org|arxiv\.org)/")
CLASSES = dict.fromkeys(("In this chapter", "On this page"), "chapter-box")
CLOSED = (
    nodes.reference,
    nodes.literal,
    nodes.FixedTextElement,
    nodes.math,
    nodes.Titular,
    nodes.raw,
)


def warn(message: str, node: nodes.Node) -> None:
    LOGGER.warning(message, location=node, type="facetoy")


def prose(tree: nodes.Element) -> Iterator[nodes.Text]:
    """The words of a page that may carry links: no headings, code, formulas, links, outputs."""
    for text in list(tree.findall(nodes.Text)):
        above, closed = text.parent, False
        while above is not None and not closed:
            closed = isinstance(above, CLOSED)
            above = above.parent
        if not closed and not in_output(text):
            yield text


def relink(
    text: nodes.Text, pattern: re.Pattern, link: Callable[[re.Match], nodes.Node | None]
) -> None:
    """Put what ``link`` returns in the place of each match in ``text``; None leaves it."""
    parts: list[nodes.Node] = []
    words, begin = str(text), 0
    for found in pattern.finditer(words):
        made = link(found)
        if made is not None:
            parts += [nodes.Text(words[begin : found.start()]), made]
            begin = found.end()
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(words[begin:])])


# ---- formulas


def number_formulas(app: Sphinx, tree: nodes.document) -> None:
    """Take the tags out of the formulas, as their numbers."""
    known = app.env.facetoy_formulas  # number → (page, anchor)
    for block in tree.findall(nodes.math_block):
        found = TAG.search(block.astext())
        if not found:
            continue
        number, anchor = found[1], f"formula-{found[1].replace('.', '-')}"
        if number in known:
            warn(f"formula ({number}) stands twice, also in {known[number][0]}", block)
        known[number] = (app.env.docname, anchor)
        block.children = [nodes.Text(TAG.sub("", block.astext()))]
        block["number"] = number
        block["ids"].append(anchor)


def link_formulas(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Make each number of a formula in prose a link to it."""

    def link(found: re.Match) -> nodes.Node | None:
        number = found[1]
        if number not in app.env.facetoy_formulas:
            warn(f"there is no formula ({number})", tree)
            return None
        where, anchor = app.env.facetoy_formulas[number]
        return link_to(app, page, where, anchor, found[0])

    for text in prose(tree):
        relink(text, NUMBER, link)


def link_to(
    app: Sphinx, page: str, where: str, anchor: str, words: str, *classes: str
) -> nodes.reference:
    """A link from a page to a place in the book."""
    address = "" if where == page else app.builder.get_relative_uri(page, where)
    target = {"refuri": f"{address}#{anchor}"} if address else {"refid": anchor}
    return nodes.reference("", words, internal=True, classes=list(classes), **target)


# ---- citations


def address_of(entry: Entry) -> str | None:
    """Where the link to an entry of the bibliography leads."""
    doi = entry.fields.get("doi")
    return f"https://doi.org/{doi}" if doi else entry.fields.get("url")


def cited_as(entry: Entry) -> str:
    """How an entry is cited, "Deng et al., 2019"; two of one year have a letter in `label`."""
    people = [
        " ".join(map(str, (*p.rich_prelast_names, *p.rich_last_names)))
        for p in entry.persons["author"]
    ]
    who = f"{people[0]} et al." if len(people) > 2 else " and ".join(people)
    return f"{who}, {entry.fields['year']}{entry.fields.get('yearsuffix', '')}"


def read_bibliography(app: Sphinx) -> None:
    """The entries by their addresses, for the whole build."""
    entries: dict[str, Entry] = {}
    for name in app.config.bibtex_bibfiles:
        entries |= dict(parse_file(str(Path(app.srcdir, name))).entries)
    app.facetoy_papers = {
        address_of(entry): (key, cited_as(entry)) for key, entry in entries.items()
    }


def check_citations(app: Sphinx, tree: nodes.document) -> None:
    """Compare each link to a paper with the bibliography, and remember where it stands."""
    for link in tree.findall(nodes.reference):
        note_citation(app, link.get("refuri", ""), link.astext(), link)
    for figure in tree.findall(LiveFigure):
        for address, words in LINK.findall(figure["words"]):
            note_citation(app, unescape(address), unescape(words), figure)


def note_citation(app: Sphinx, address: str, words: str, where: nodes.Node) -> None:
    """One link: a citation that fits the bibliography is remembered, any other is a warning."""
    if address in app.facetoy_papers:
        key, expected = app.facetoy_papers[address]
        if words != expected:
            warn(f"the link to {address} must say {expected!r}, says {words!r}", where)
        pages = app.env.facetoy_cited.setdefault(key, [])
        if app.env.docname not in pages:
            pages.append(app.env.docname)
    elif PAPER.match(address):
        warn(f"{address} is not in the bibliography", where)


def say_where_cited(app: Sphinx, tree: nodes.document, page: str) -> None:
    """After each entry on the page of references: the chapters that cite it."""
    keys = {c.citation_id: c.key for c in app.env.get_domain("cite").citations}
    for entry in tree.findall(nodes.citation):
        key = next((keys[i] for i in entry["ids"] if i in keys), None)
        pages = sorted(app.env.facetoy_cited.get(key, ()))
        if key is None:
            continue
        if not pages and not app.config.nb_execution_excludepatterns:  # pages not run cite nobody
            warn(f"nobody cites {key}", entry)
        links = [
            nodes.reference(
                "", app.env.titles[where].astext(), internal=True,
                refuri=app.builder.get_relative_uri(page, where),
            )
            for where in pages
        ]  # fmt: skip
        said = chain.from_iterable((nodes.Text(", "), link) for link in links)
        entry += nodes.paragraph("", "Cited in: ", *list(said)[1:], classes=["cited-in"])


# ---- boxes, links, words


def make_boxes(app: Sphinx, tree: nodes.document) -> None:
    """Quotes that begin with a bold title become boxes."""
    for quote in list(tree.findall(nodes.block_quote)):
        first = quote.children[0]
        said = [node for node in first.children if node.astext()]
        if len(said) != 1 or not isinstance(said[0], nodes.strong):
            continue
        title, name = said[0], said[0].astext()
        kind = nodes.warning if name == "Warning" else nodes.admonition
        box = kind("", classes=[CLASSES[name]] if name in CLASSES else [])
        if kind is nodes.admonition:
            box += nodes.title("", "", *title.children)
        box += quote.children[1:]
        quote.replace_self(box)


def shorten_links(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Absolute links to the published book lead to the same place in this build."""
    base = app.config.html_baseurl
    for link in tree.findall(nodes.reference):
        address = unescape(link.get("refuri", ""))  # MyST escapes what will be escaped again
        if not base or not address.startswith(base):
            continue
        name, _, anchor = address.removeprefix(base).partition("#")
        where = name.removesuffix(".html")
        if where not in app.env.found_docs:
            warn(f"{address} is no page of the book", link)
            continue
        link["refuri"] = app.builder.get_relative_uri(page, where) + (
            f"#{anchor}" if anchor else ""
        )
        link["internal"] = True


#: Words of the glossary that a page uses in another, everyday sense.
EVERYDAY = {
    "chapters/03_center": {"weight"},
    "chapters/11_photo": {"rank", "scale", "threshold"},
    "chapters/13_millions": {"weight"},
    "chapters/14_at_work": {"weight"},
}


def link_words(app: Sphinx, tree: nodes.document, page: str) -> None:
    """The first mention of each word of the glossary."""
    if not page.startswith("chapters/"):
        return
    found = app.env.get_domain("std").objects.items()
    # typography has made an apostrophe of the straight one
    terms = {
        name.lower().replace("'", "’"): where for (kind, name), where in found if kind == "term"
    }
    if not terms:
        return
    longest = sorted(map(re.escape, terms), key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(longest)})s?\b", re.IGNORECASE)
    seen = set(EVERYDAY.get(page, ()))

    def link(match: re.Match) -> nodes.Node | None:
        name = match[1].lower()
        if name in seen:
            return None
        seen.add(name)
        return link_to(app, page, *terms[name], match[0], "glossary-word")

    for text in prose(tree):
        if within(text, nodes.Admonition):
            continue  # the box at a chapter's head names what is explained below
        relink(text, pattern, link)


def within(node: nodes.Node, kind: type) -> bool:
    """Whether a node is part of one of this kind."""
    while node is not None and not isinstance(node, kind):
        node = node.parent
    return node is not None


# ---- the build


def begin(app: Sphinx) -> None:
    """What the pages tell of themselves, kept between builds."""
    for name in ("facetoy_formulas", "facetoy_cited"):
        if not hasattr(app.env, name):
            setattr(app.env, name, {})
    read_bibliography(app)


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """A page is read again, or gone."""
    formulas = getattr(env, "facetoy_formulas", {})
    env.facetoy_formulas = {k: v for k, v in formulas.items() if v[0] != page}
    cited = getattr(env, "facetoy_cited", {})
    env.facetoy_cited = {k: [p for p in pages if p != page] for k, pages in cited.items()}


def merge(app: Sphinx, env: BuildEnvironment, pages: Iterable[str], other: Any) -> None:
    """Take over what another process has read."""
    env.facetoy_formulas |= other.facetoy_formulas
    for key, where in other.facetoy_cited.items():
        mine = env.facetoy_cited.setdefault(key, [])
        mine += [page for page in where if page not in mine]


def read(app: Sphinx, tree: nodes.document) -> None:
    """A page has been read."""
    number_formulas(app, tree)
    check_citations(app, tree)
    make_boxes(app, tree)


def resolve(app: Sphinx, tree: nodes.document, page: str) -> None:
    """All pages have been read."""
    link_formulas(app, tree, page)
    shorten_links(app, tree, page)
    link_words(app, tree, page)
    say_where_cited(app, tree, page)


def setup(app: Sphinx) -> None:
    """Hook into reading and writing."""
    app.connect("builder-inited", begin)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-read", read)
    app.connect("doctree-resolved", resolve, priority=400)
