"""The report: one page that needs nothing else, says what is known, and trusts no text."""

import datetime
import hashlib
import re
import shutil
from html.parser import HTMLParser

import pytest

from inversion_table.contract import records
from itable import __version__
from itable.clinic.ladder import Level
from itable.clinic.programme import Programme, calendar
from itable.clinic.sessions import Done
from itable.errors import InputError
from itable.log.about import About
from itable.log.decode import decode
from itable.report import pdf
from itable.report.page import Whole, patient_page, session_page
from tests.host.logs import session_pages
from tests.host.test_clinic import ALL_NO, AT, asked, standing

START = datetime.date(2026, 11, 2)
NASTY = '<script>alert("x")</script>'


def whole(**changes):
    data = session_pages(7)
    values = {
        "id": 3, "device": "table-1", "number": 7, "start_unix_s": AT,
        "plan_name": "Small (P-1 a1b2c3)", "week": 1, "duration_ms": 300_000,
        "head_down_ms": 100_000, "max_tilt_mdeg": 30_450, "end_reason": records.END_FAULT,
        "end_fault": 9, "fault_count": 1, "planned_head_down_ms": 120_000,
        "planned_tilt_mdeg": 30_000, "pain_before": 4, "pain_after": 2, "comfort": 8, "note": None,
    }  # fmt: skip
    done = Done(**{**values, **changes})
    about = About("table-1", {"tilt_max_mdeg": 60_000})
    return Whole(done, decode(data), about, hashlib.sha256(data).hexdigest())


class Tags(HTMLParser):
    """Collects tags and attributes, and that every one is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def checked(page):
    """The tags of a page that loads nothing and runs nothing."""
    tags = Tags(page)
    assert tags.open == []
    for tag, attributes in tags.seen:
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "href", "onload"} & set(attributes)
    assert "url(" not in page
    assert "@import" not in page
    return tags


def test_a_session_is_told_with_faults_versions_and_hashes():
    one = whole()
    release: dict[str, object] = {
        "asked_by": "A. Weber", "open": {"hernia": "yes"},
        "approved": {"by": "Dr. O", "reason": "small"},
    }  # fmt: skip
    text = checked(session_page(one, "P-1", release)).text
    for words in (
        "Session 7 of P-1", "1:40 of 2:00", "30.4° of 30°", "session timeout", "The session's time",
        "Pain before and after: 4 → 2. Comfort: 8 of 10.", "0.1.0", one.sha256, __version__,
        "asked by A. Weber; left open: hernia (yes); approved by Dr. O: small",
    ):  # fmt: skip
        assert words in text, words


def test_text_that_somebody_typed_is_never_markup():
    one = whole(plan_name=NASTY, note=NASTY, device=NASTY)
    assert NASTY in checked(session_page(one, NASTY, {"asked_by": NASTY})).text
    stand = standing("P-1", asked(ALL_NO), None, AT)
    assert NASTY in checked(patient_page(stand, None, [], [one.done], one, START)).text


def test_a_patient_is_told_by_the_week():
    programme = Programme("beginner", START, [Level(20_000, 60_000)] * 8, 2, 1, 60_000)
    one = whole()
    sessions = [whole(end_reason=records.END_PLAN_DONE, head_down_ms=120_000).done, one.done]
    today = START + datetime.timedelta(days=8)
    weeks = calendar(programme, sessions, {1: (True, "slept badly")}, today)
    stand = standing("P-1", asked(ALL_NO), None, AT)
    page = patient_page(stand, programme, weeks, sessions, one, today)
    tags = checked(page)
    for words in (
        "Patient P-1", "2 of 8", "1 of 4 (25 %)", "−2.0", "slept badly", "held: reported bad",
        "1/2", "every answer was no", "Faults that ended sessions",
    ):  # fmt: skip
        assert words in tags.text, words
    bars = [attributes for tag, attributes in tags.seen if attributes.get("class") == "bar"]
    assert [float(bar["height"]) > 0 for bar in bars] == [True, False]


def test_a_patient_of_whom_nothing_is_known_yet():
    text = checked(patient_page(standing("P-1", None, None, AT), None, [], [], None, START)).text
    assert "Never screened." in text
    assert "No session was pulled yet." in text


def test_the_report_of_a_pulled_session(run, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("log", "pull", "7", "--port", table.port)
    assert run("report", "7").exit_code == 0
    checked((tmp_path / "report-7.html").read_text("utf-8"))
    assert "there is no patient P-9" in run("report", "P-9").stderr
    assert "session 99 was not pulled yet" in run("report", "99").stderr
    assert "this is no pseudonym" in run("report", "???").stderr


def test_without_a_browser_the_page_is_there_and_the_next_step_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="a PDF needs Chromium"):
        pdf.write_pdf(tmp_path / "x.html", tmp_path / "x.pdf")


@pytest.mark.skipif(not any(map(shutil.which, pdf.NAMES)), reason="no Chromium is installed")
def test_chromium_prints_a_patient_with_many_sessions_on_one_sheet(tmp_path):
    programme = Programme("beginner", START, [Level(20_000, 60_000)] * 12, 4, 1, 60_000)
    one = whole()
    sessions = [one.done] * 40
    today = START + datetime.timedelta(days=80)
    weeks = calendar(programme, sessions, dict.fromkeys(range(1, 13), (True, "x" * 30)), today)
    page = tmp_path / "p.html"
    stand = standing("P-1", asked(ALL_NO), None, AT)
    page.write_text(patient_page(stand, programme, weeks, sessions, one, today), "utf-8")
    pdf.write_pdf(page, tmp_path / "p.pdf")
    assert len(re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "p.pdf").read_bytes())) == 1
