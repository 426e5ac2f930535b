"""The book's own address, which stands in `html_baseurl` alone: what follows from it.

The page for a wrong address is served at any depth, so all its links begin with the book's path.
The root leads to the landing page, and tells of itself what that page tells: it is the address that
people send to each other.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

TOLD = re.compile(r'<meta (?:property="og:|name="(?:description|twitter:))[^>]*>')
ROOT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
{told}
<link rel="canonical" href="{address}">
<meta http-equiv="refresh" content="0; url={page}">
</head>
<body><p><a href="{page}">{title}</a></p></body>
</html>
"""
LOST = "There is no such page"
LOST_BODY = """<h1>{title}</h1>
<p>The book has no page at this address. Perhaps it has moved.</p>
<p><a href="{root}{first}">Begin at the front</a>, or <a href="{root}search.html">search</a>.</p>"""


def configure(app: Sphinx, config: Config) -> None:
    """Tell the extensions that need it where the book is."""
    root = urlsplit(config.html_baseurl).path
    config.ogp_site_url = config.html_baseurl
    config.notfound_urls_prefix = root
    body = LOST_BODY.format(title=LOST, root=root, first=f"{config.root_doc}.html")
    config.notfound_context = {"title": LOST, "body": body}


def write_root(app: Sphinx, exception: Exception | None) -> None:
    """The page at the book's address itself; Jupyter Book's own would tell nothing."""
    if exception is not None or app.builder.name != "html":
        return
    name = app.builder.get_target_uri(app.config.root_doc)
    told = TOLD.findall(Path(app.outdir, name).read_text("utf-8"))
    page = ROOT.format(
        title=escape(app.config.html_title),
        told="\n".join(told),
        address=app.config.html_baseurl + name,
        page=name,
    )
    Path(app.outdir, "index.html").write_text(page, "utf-8")


def setup(app: Sphinx) -> None:
    """Hook into the start and the end of the build."""
    app.connect("config-inited", configure)
    app.connect("build-finished", write_root)
