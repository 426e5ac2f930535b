"""Pictures that live in the page: a folder each, with its Python, script, style and still."""
