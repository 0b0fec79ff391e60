"""A statement as an HTML page that needs nothing but a browser."""

from __future__ import annotations

from html import escape

STYLE = """
body { font-family: system-ui, "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", sans-serif; line-height: 1.6;
       max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff; }
pre { background: #f4f4f2; padding: .8rem; overflow-x: auto; }
code { font-family: ui-monospace, Consolas, monospace; font-size: .92em; }
table { border-collapse: collapse; } th, td { border: 1px solid #ccc; padding: .25rem .6rem; text-align: left; }
.pass { color: #176c2c; } .fail, .error, .timeout { color: #a11; } .blocked { color: #777; } .todo { color: #8a6d00; }
"""


def page(title: str, markdown: str, lang: str) -> str:
    """The whole page; Markdown's raw HTML is shown as text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return wrap(title, body, lang)


def wrap(title: str, body: str, lang: str) -> str:
    """A page around a body that is HTML already."""
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
