"""The report."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from reading_atlas import HOSTILE, atlas, squares

from spatial.operations import OPERATIONS
from spatial.outputs import _explained, _sections
from spatial.outputs._collected import Table
from spatial.outputs._printed import printed
from spatial.outputs.figures import write_figures
from spatial.outputs.report import running_title, write_report


class Page(HTMLParser):
    """Collects tags, attributes and text, and makes sure that tags close."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if "id" in dict(attrs):
            self.ids.append(dict(attrs)["id"])
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_figures(atlas(), folder / "figures")
    path = write_report(atlas(), folder / "report.html", folder / "figures")
    return path, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(written):
    return Page(written[1])


def test_the_page_is_well_formed(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert next(attrs for tag, attrs in page.tags if tag == "html")["lang"] == "en"


def test_nothing_is_fetched(page):
    for tag, attrs in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed")
        assert attrs.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") or name == "style" for name in attrs)
        if "href" in attrs:
            assert attrs["href"].startswith(("#", "https://doi.org/"))


def test_the_policy_allows_the_one_style_and_no_more(written, page):
    policy = next(attrs["content"] for tag, attrs in page.tags if tag == "meta" and "http-equiv" in attrs)
    style = re.search(r"<style>(.*?)</style>", written[1], flags=re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "@import" not in style


def test_every_entry_of_the_contents_leads_somewhere(page):
    targets = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a" and attrs["href"].startswith("#")]
    assert len(targets) > 10
    assert set(targets) <= set(page.ids)


def test_markup_in_data_is_only_letters(written, page):
    assert HOSTILE not in written[1]
    assert any(HOSTILE in text for text in page.text)
    assert "Jobs & <b>posts</b>" in "".join(page.text)


def test_it_says_synthetic_first(written, page):
    text = "".join(page.text)
    assert text.index("SYNTHETIC DATA.") < text.index("Invented numbers.") < text.index("What the numbers say")
    plain = write_report(atlas(synthetic=False, title="T"), written[0].with_name("plain.html"), written[0].parent).read_text(
        encoding="utf-8"
    )
    assert "SYNTHETIC" not in plain


def test_it_holds_what_a_referee_asks_for(page):
    text = re.sub("[ \n]+", " ", "".join(page.text))
    for words in (
        "Neighbours resemble each other.",
        "With 16 places only strong patterns show.",
        "2 of 7 standard deviations are impossible.",
        "The table: 1 of 2 rows meets a place, 0 of 1 place has a row.",
        "Public domain",
        "Graph “queen”",
        "What it asks, and what it says here",
        "Does it fit better? Not beyond chance.",
        "n = 16; log-likelihood = −566.33; AIC = 1\u202f144.70; Lower and Upper: 95% interval.",
        "Published: A paper.",
        "Nothing was dropped.",
        "LeSage, J. and Pace, R. K. (2009)",
        "spatial verify demo",
        "seed 7",
        "numpy",
        "income: Income per head, thousand tenge",
    ):
        assert words in text, words
    assert "Invented test (p" not in text


def test_figures_are_inside_and_numbered(page):
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) >= 8
    assert all(each["alt"] for each in images)
    assert f"Figure {len(images)}." in "".join(page.text)


def test_a_figure_that_was_not_drawn_is_left_out(tmp_path):
    text = write_report(atlas(), tmp_path / "r.html", tmp_path / "nowhere").read_text(encoding="utf-8")
    assert "<img" not in text
    assert "Figure 1" not in text


def test_few_places_are_admitted():
    few = " ".join(str(block.content) for block in _sections.sections_of(atlas())[0].blocks)
    assert "The study has 16 places" in few
    many = " ".join(str(block.content) for block in _sections.sections_of(atlas(squares(36)))[0].blocks)
    assert "The study has" not in many


def test_a_study_without_anything_still_has_a_report(tmp_path):
    bare = atlas(
        squares(), steps=(), ledger=None, comparisons=(), sources=(), indicators=(), themes=(), points={}, surfaces={}, findings=(), record={}, graph_options={}, notes=(), description=""
    )  # fmt: skip
    text = write_report(bare, tmp_path / "r.html", tmp_path).read_text(encoding="utf-8")
    assert Page(text).open == []
    assert "The check of the input found nothing to report." in text


def test_same_in_same_out(written, tmp_path):
    again = write_report(atlas(), tmp_path / "r.html", written[0].parent / "figures")
    assert again.read_bytes() == written[0].read_bytes()


def test_no_title_can_leave_the_style():
    rule = running_title(atlas(title='a"; } body { display: none </style><script> Қ \\'))
    inside = re.search(r'content: "(.*?)"; \} \}\n@page :first', rule).group(1)
    assert '"' not in inside
    assert "<" not in inside
    assert "{" not in inside
    assert r"\49a " in inside


def test_every_method_has_a_reference():
    methods = {each.name for each in OPERATIONS if each.room != "weights"} - {"describe"}
    assert methods <= set(_explained._BEHIND)
    assert set(sum(_explained._BEHIND.values(), ())) == set(_explained.REFERENCES)
    assert all(doi == "" or doi.startswith("10.") for _, doi in _explained.REFERENCES.values())


def test_models_beside_each_other_are_set_as_texts_with_errors_below():
    frame = pd.DataFrame(
        {"Linear (OLS)": ["-1.6***", "(0.3)", "", "-187.38"], "Lag (SAR)": ["-1.0", "(1.0e-07)", "0.42", "-12345.6789"]},
        index=["INC", "INC SE", "rho", "Log-likelihood"],
    )
    made = printed(Table(name="compared_table", title="Models", frame=frame, kind="table"))
    assert made.rows == (
        ("INC", "−1.6***", "−1.0"),
        ("", "(0.3)", "(1.0e−07)"),
        ("ρ", "", "0.42"),
        ("Log-likelihood", "−187.38", "−12\u202f345.6789"),
    )
    assert made.numeric == (False, True, True)
    assert made.notes == ("Standard errors in parentheses.",)


def test_criteria_have_two_decimals_whatever_stands_beside():
    frame = pd.DataFrame(
        {"aic": [382.754, 375.348], "aic_difference": [7.4065, 0.0], "aic_weight": [0.0241, 0.9759]}, index=["ols", "lag"]
    )
    made = printed(Table(name="criteria", title="Criteria", frame=frame, kind="criteria"))
    assert made.headings[1:] == ("AIC", "ΔAIC", "AIC weight")
    assert [row[1:3] for row in made.rows] == [("382.75", "7.41"), ("375.35", "0.00")]
