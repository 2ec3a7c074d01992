"""Generate the help pages of crm_lifecycle from its readme.

    python3 script/lib/doc_pages.py

Run it after changes to readme/; the pages are in static/doc.
"""

import html
import re
from pathlib import Path

ADDON = Path(__file__).parents[2] / "addons" / "crm_lifecycle"
PAGES = {
    "en": ("readme", "Customer Lifecycle", ("Setting up", "Using")),
    "zh_CN": ("readme/zh_CN", "客户生命周期", ("设置", "使用")),
}
PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 46rem; margin: 0 auto; padding: 1.5rem; line-height: 1.6;
       font-family: system-ui, sans-serif; color: #212529; }}
h1, h2 {{ line-height: 1.2; }}
h2 {{ margin-top: 2.5rem; border-bottom: 1px solid #dee2e6; }}
li {{ margin-bottom: 0.4rem; }}
code {{ background: #f1f3f5; padding: 0 0.25em; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def convert(text):
    """Convert Markdown to HTML: paragraphs, lists, emphasis and code."""
    parts = []
    for block in re.split(r"\n{2,}", text.strip()):
        items = re.split(r"^(?:\d+\.|-) +", block, flags=re.MULTILINE)
        if len(items) == 1:
            parts.append(f"<p>{convert_line(block)}</p>")
            continue
        tag = "ol" if block.lstrip()[0].isdigit() else "ul"
        rows = "\n".join(f"<li>{convert_line(item)}</li>" for item in items if item)
        parts.append(f"<{tag}>\n{rows}\n</{tag}>")
    return "\n".join(parts)


def convert_line(text):
    text = html.escape(text.strip(), quote=False)
    # Remove line breaks between Chinese characters, which need no space.
    text = re.sub(r"(?<=[\u3000-\uffef])\n\s*(?=[\u3000-\uffef])", "", text)
    text = re.sub(r"\s*\n\s*", " ", text)
    for mark, tag in (
        (r"`(.+?)`", "code"),
        (r"\*\*(.+?)\*\*", "b"),
        (r"\*(.+?)\*", "i"),
    ):
        text = re.sub(mark, rf"<{tag}>\1</{tag}>", text)
    return text


def main():
    for lang, (folder, title, headings) in PAGES.items():
        source = ADDON / folder
        parts = [convert((source / "DESCRIPTION.md").read_text())]
        for heading, name in zip(headings, ("CONFIGURE.md", "USAGE.md"), strict=True):
            parts.append(f"<h2>{heading}</h2>\n{convert((source / name).read_text())}")
        page = PAGE.format(
            lang=lang.replace("_", "-"), title=title, body="\n".join(parts)
        )
        target = ADDON / "static" / "doc" / f"{lang}.html"
        target.parent.mkdir(exist_ok=True)
        target.write_text(page)


if __name__ == "__main__":
    main()
