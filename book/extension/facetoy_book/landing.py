"""The landing page: a list of links in bold becomes a row of doors, and the picture gets the width.

In the notebook it stays a list: `- [**Read**](…) what is behind the door`.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

DOORS = "facetoy-doors"
NO_ASIDE = "html_theme.sidebar_secondary.remove"  # the theme's own name for it


def is_door(item: nodes.list_item) -> bool:
    """Whether an entry of a list begins with a link of which all is bold."""
    if not isinstance(item.children[0], nodes.paragraph):
        return False
    link = item.children[0].children[0]
    if not isinstance(link, nodes.reference | pending_xref):
        return False
    return "".join(bold.astext() for bold in link.findall(nodes.strong)) == link.astext()


def make_doors(app: Sphinx, tree: nodes.document) -> None:
    """Mark the lists of doors on the book's first page, which needs no list of its sections."""
    if app.env.docname != app.config.root_doc:
        return
    for entries in tree.findall(nodes.bullet_list):
        if all(is_door(item) for item in entries.children):
            entries["classes"].append(DOORS)
            app.env.metadata[app.env.docname][NO_ASIDE] = "true"


def setup(app: Sphinx) -> None:
    """Hook into reading."""
    app.connect("doctree-read", make_doors)
