"""The report in a browser: nothing is cut off on a phone, one sheet of A4 is enough.

Debian's Chromium renders the pages; without one the tests are skipped.
"""

import datetime
import json
import re
import shutil
import subprocess

import pytest

from itable.clinic.ladder import Level
from itable.clinic.programme import Programme, calendar
from itable.report import pdf
from itable.report.page import patient_page, session_page
from tests.host.test_clinic import ALL_NO, AT, asked, standing
from tests.host.test_report import START, whole

BROWSER = next(filter(None, map(shutil.which, pdf.NAMES)), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium is installed (Debian: apt install chromium)"
)
PHONE_PX, TABLET_PX = 390, 768

# A frame of the phone's width: a window of its own cannot be so narrow.
FRAME = """<!doctype html><body style="margin:0">
<iframe src="%s" style="width:%dpx;height:3000px;border:0"></iframe><script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument;
  const late = [...page.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > page.documentElement.clientWidth + 1
  ).map(one => one.tagName + " " + one.textContent.slice(0, 40));
  const size = one => parseFloat(page.defaultView.getComputedStyle(one).fontSize);
  const small = [...page.querySelectorAll("p, td, th, b, span, h1, h2")].filter(
    one => one.textContent.trim() && size(one) < 10
  ).map(one => one.tagName + " " + one.textContent.slice(0, 40));
  const texts = [...page.querySelectorAll("svg text")].map(
    one => one.getBoundingClientRect().height
  );
  const boxes = [...page.querySelectorAll("svg text")].map(
    one => [one.textContent, one.getBoundingClientRect()]
  );
  const over = boxes.flatMap(([words, a], at) => boxes.slice(at + 1).filter(
    ([, b]) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom
  ).map(([other]) => words + " / " + other));
  document.body.textContent = JSON.stringify({
    wide: page.documentElement.scrollWidth, late, small, over, texts: Math.min(...texts),
    drawn: page.querySelectorAll("polyline").length,
  });
}
</script></body>"""


def patient():
    """A patient's page with much on it: 12 weeks, remarks, many sessions, faults."""
    programme = Programme("kim-2013-60", START, [Level(60_000, 180_000)] * 12, 4, 3, 60_000)
    one = whole(plan_name="kim-2013-60 w12/12 (P-1 a1b2c3)")
    sessions = [one.done] * 40
    today = START + datetime.timedelta(days=80)
    said = dict.fromkeys(range(1, 13), (True, "slept badly, the neck hurts since Monday"))
    weeks = calendar(programme, sessions, said, today)
    stand = standing("P-1", asked(ALL_NO), None, AT)
    return patient_page(stand, programme, weeks, sessions, one, today)


def session():
    """A session's page with a long name and a note."""
    one = whole(plan_name="Three times three minutes, a name (P-1 a1b2c3)", note="fine. " * 40)
    release: dict[str, object] = {
        "asked_by": "A. Weber, physiotherapist",
        "open": {"hypertension": "yes", "hernia": "unanswered"},
        "approved": {"by": "Dr. M. Okafor", "reason": "treated, 125/80 today"},
    }
    return session_page(one, "P-1", release)


@pytest.fixture(params=[patient, session], ids=["patient", "session"])
def page(request, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(request.param(), "utf-8")
    return path


def measured(page, width_px):
    """What the browser says of the page in a frame of that width."""
    frame = page.with_name("frame.html")
    assert BROWSER is not None
    frame.write_text(FRAME % (page.name, width_px), "utf-8")
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
            "--allow-file-access-from-files", f"--user-data-dir={page.parent / 'profile'}",
            "--window-size=1000,3000", "--dump-dom", frame.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r"\{.*\}", re.sub(r"<script>.*</script>", "", done.stdout, flags=re.DOTALL))
    assert found, done.stdout[-500:]
    return json.loads(found[0].replace("&gt;", ">").replace("&amp;", "&"))


@pytest.mark.parametrize("width_px", [PHONE_PX, TABLET_PX])
def test_nothing_is_cut_off_or_too_small_to_read(page, width_px):
    found = measured(page, width_px)
    assert found["wide"] == width_px
    assert found["late"] == []
    assert found["small"] == []
    assert found["over"] == []
    assert found["drawn"] >= 2
    assert found["texts"] >= 8


def test_a_page_that_is_too_wide_is_seen(tmp_path):
    path = tmp_path / "page.html"
    words = "<td>" + "</td><td>".join(["unbreakable" * 2] * 6) + "</td>"
    path.write_text(session().replace("<h2>Said", f"<table><tr>{words}</tr></table><h2>Said"))
    found = measured(path, PHONE_PX)
    assert found["wide"] > PHONE_PX
    assert found["late"]


def test_one_sheet_of_a4_is_enough(page):
    out = page.with_suffix(".pdf")
    pdf.write_pdf(page, out)
    data = out.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page[^s]", data)) == 1
    (box,) = set(re.findall(rb"/MediaBox\s*\[([^]]*)\]", data))
    assert [round(float(side)) for side in box.split()] == [0, 0, 595, 842]  # points: 210 x 297 mm
