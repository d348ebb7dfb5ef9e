"""Pictures of checks for the documentation: the story is told, and what it posts is set as a page of checks is.

`python -m tests.github.pictures` writes docs/images/check-*.png; it needs Chromium and its driver.
"""

from __future__ import annotations

import tempfile
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from tests.browser.chromium import Browser
from tests.github.records import CheckRun
from tests.github.story import install, lose, merge, preview, refuse, staged

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH = 900
TALLEST = 1100
_SIGNS = {"success": ("✓", "#1a7f37"), "failure": ("✗", "#d1242f")}
_STYLE = """
body { margin: 0; padding: 20px 24px; font: 14px/1.5 sans-serif; color: #1f2328; background: #fff }
header { display: flex; align-items: center; border-bottom: 1px solid #d1d9e0; padding-bottom: 10px }
header { margin-bottom: 12px }
header b { flex: 1; font-weight: 600 }
header i { font-style: normal; font-size: 18px; margin-right: 8px }
button { font: inherit; font-size: 12px; padding: 3px 10px }
button { border: 1px solid #d1d9e0; border-radius: 6px; background: #f6f8fa }
h1 { font-size: 20px; margin: 0 0 10px }
h2, h3 { font-size: 16px; margin: 16px 0 6px }
table { border-collapse: collapse; margin: 10px 0 }
td, th { border: 1px solid #d1d9e0; padding: 4px 10px; text-align: left }
code { background: #eff1f3; border-radius: 4px; padding: 1px 4px; font-size: 12px }
pre { background: #f6f8fa; padding: 10px; border-radius: 6px; overflow: hidden }
pre code { background: none; padding: 0 }
blockquote { margin: 0; padding-left: 12px; border-left: 3px solid #d1d9e0; color: #59636e }
.note { border: 1px solid #d1d9e0; border-radius: 6px; margin: 8px 0; padding: 6px 12px }
.note span { color: #59636e }
"""


def page_of(check: CheckRun) -> str:
    """A check with its title, buttons, summary, text and remarks."""
    sign, colour = _SIGNS.get(check.conclusion or "", ("●", "#9a6700"))
    buttons = "".join(f"<button>{escape(one['label'])}</button> " for one in check.actions)
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    notes = "".join(
        f"<div class='note'><span>{escape(note['path'])}:{note['start_line']}</span> "
        f"<b>{escape(note.get('title') or '')}</b><br>{escape(note['message'])}</div>"
        for note in check.annotations
    )
    text = markdown.render(check.text or "").replace("<details>", "<details open>", 1)
    return (
        f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style>"
        f"<header><i style='color:{colour}'>{sign}</i><b>{escape(check.name)}</b>{buttons}</header>"
        f"<h1>{escape(check.title or '')}</h1>{markdown.render(check.summary or '')}"
        f"{text}{notes}"
    )


def main() -> None:
    """Tell the story as far as it is pictured, and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="headgate-pictures-") as folder, staged(Path(folder)) as story:
        install(story)
        pull = refuse(story)
        pages = {"mistakes": page_of(story.completed("headgate", pull.head_sha))}
        preview(story, pull)
        pages["preview"] = page_of(story.completed("headgate/iris", pull.head_sha))
        pages["run"] = page_of(story.completed("headgate/iris", merge(story, pull)))
        pages["failed"] = page_of(lose(story))
        browser = Browser(Path(folder) / "profile", "")
        try:
            for name, page in pages.items():
                file = Path(folder) / f"{name}.html"
                file.write_text(page)
                _take(browser, file)
        finally:
            browser.close()


def _take(browser: Browser, page: Path) -> None:
    browser.resize(WIDTH, TALLEST)
    browser.open(page.as_uri())
    height = int(browser.chrome.execute_script("return Math.ceil(document.body.getBoundingClientRect().height)"))
    browser.resize(WIDTH, min(height, TALLEST))
    browser.chrome.save_screenshot(str(IMAGES / f"check-{page.stem}.png"))


if __name__ == "__main__":
    main()
