"""The Markdown of our checks as HTML."""

from hypothesis import given
from hypothesis import strategies as st

from console.pages.markdown import html_of
from reconciler.checks import words
from tests.console.pages.test_pages import HOSTILE, Checked


def test_sentences_keep_their_lines_their_names_and_their_code():
    assert html_of("**train** ended: see `a.yaml:1`.\nMend it.") == (
        "<p><strong>train</strong> ended: see <code>a.yaml:1</code>.<br>Mend it.</p>"
    )


def test_a_table_is_a_table():
    html = html_of(words.table(("Op", "Why"), [(words.code("a|b"), words.prose("x | y"))]))

    assert '<th scope="col">Op</th><th scope="col">Why</th>' in html
    assert "<td><code>a|b</code></td><td>x | y</td>" in html


def test_a_fence_shows_lines_as_they_are():
    assert html_of(words.fenced("a **b**\n``` c <d>")) == "<pre>a **b**\n``` c &lt;d&gt;</pre>"


def test_a_note_in_italics_and_a_link_are_shown():
    assert html_of("_2 of 9 shown_") == "<p><em>2 of 9 shown</em></p>"
    assert html_of("[a.yaml:3](https://forge/a#L3)") == (
        '<p><a href="https://forge/a#L3" rel="noreferrer">a.yaml:3</a></p>'
    )


def test_no_other_address_than_one_of_the_web_becomes_a_link():
    assert "<a" not in html_of("[x](javascript:alert)")


def test_a_folded_part_is_named_and_open():
    html = html_of(words.folded(words.markup("a & b"), "inside", 3))

    assert html == "<p><strong>a &amp; b (3)</strong></p>\n<p>inside</p>"


def test_the_words_of_users_come_out_as_they_were():
    for text in (r"a*b*c [x](y) \n _z_ | ~q~", "1 < 2 & 3 > 2", "@ada #12"):
        assert Text(html_of(words.prose(text))).said == text


@given(
    st.lists(
        st.sampled_from(["`", "**", "|", "| ", "\n", "[", "](https://x", ")", "<b>", "_", "```", "\\", "a", HOSTILE])
    )
)
def test_whatever_it_says_is_sound_html_without_foreign_markup(pieces):
    seen = Checked(html_of("".join(pieces)))

    known = {"p", "br", "em", "strong", "code", "pre", "a", "div", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in seen.tags} <= known


class Text(Checked):
    """What a page says to a reader."""

    def __init__(self, html):
        self.said = ""
        super().__init__(html)

    def handle_data(self, data):
        self.said += data
