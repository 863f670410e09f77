"""Session logs: decoding with gaps, CSV, pictures."""

import csv
import io

import numpy as np
import pytest

from inversion_table.contract import events, flags, pages, records
from itable.log import export, words
from itable.log.about import About
from itable.log.decode import BlackBox, decode
from itable.log.labels import ROWS, Label, arrange
from itable.log.plot import Truth, draw, state_spans, write_picture
from itable.pictures import new_figure
from tests.host.logs import session_pages

PAGE = pages.PAGE_BYTES
DATA = session_pages(7)


def test_a_whole_session_is_read_to_columns():
    log = decode(DATA)
    assert log.missing == []
    assert (log.session, log.page_count, log.byte_count) == (7, len(DATA) // PAGE, len(DATA))
    assert len(log.columns) == 3000
    assert log.columns.t_ms.tolist() == list(range(0, 300_000, 100))
    for index in (0, 500, 1500, 2999):
        target = log.columns.target_mdeg[index]
        assert abs(log.columns.tilt_mdeg[index] - target) < 600
    assert log.header is not None
    assert log.end is not None
    assert log.header.plan_name == "Test plan"
    assert log.end.max_tilt_mdeg == 30_450
    assert log.duration_ms == 300_000
    assert [event.code for event in log.events[:2]] == [4, 6]


def test_every_column_of_a_sample_is_kept():
    assert list(vars(decode(DATA).columns)) == list(records.Sample._fields)


def test_a_damaged_page_is_said_and_the_rest_is_read():
    damaged = bytearray(DATA)
    damaged[3 * PAGE + 100] ^= 1
    log = decode(bytes(damaged))
    assert log.missing == ["page 4 is damaged (its CRC-32 does not match)"]
    assert 0 < len(log.columns) < 3000


def test_missing_pages_are_counted():
    log = decode(DATA[: 2 * PAGE] + DATA[5 * PAGE :])
    assert log.missing == ["3 pages are missing before page 3"]


def test_a_session_whose_beginning_was_overwritten():
    log = decode(DATA[2 * PAGE :])
    assert log.missing == ["the session's first 2 pages were overwritten by newer ones"]
    assert log.header is None


def test_a_session_without_its_end():
    assert decode(DATA[:-PAGE]).missing == ["the end: the session's last page was never written"]
    count = len(DATA) // PAGE
    torn = decode(DATA[:-10]).missing[0]
    assert torn == f"the data end inside page {count}: 246 bytes left over"


def test_a_foreign_page_is_left_out():
    log = decode(DATA[:-PAGE] + session_pages(9)[:PAGE] + DATA[-PAGE:])
    assert log.missing == [f"page {len(DATA) // PAGE} belongs to session 9"]
    assert log.header is not None
    assert log.header.session == 7


@pytest.mark.parametrize("data", [b"", b"x" * 1000, bytes(PAGE), b"\xff" * PAGE * 3])
def test_what_is_no_log_has_no_pages(data):
    log = decode(data)
    assert log.page_count == 0
    assert log.missing[-1] == "there is no whole page"


ABOUT = About("fake-1", {"tilt_max_mdeg": 60_000})


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_documented_columns_in_their_units():
    log = decode(DATA)
    samples = rows(export.sample_rows(log))
    assert list(samples[0]) == list(export.SAMPLE_COLUMNS)
    assert len(samples) == 3000
    assert samples[1500]["t_s"] == "150.000"
    assert float(samples[1500]["tilt_deg"]) == log.columns.tilt_mdeg[1500] / 1000
    assert samples[1500]["state"] == "HOLDING"
    told = rows(export.event_rows(log))
    assert list(told[0]) == list(export.EVENT_COLUMNS)
    fault = next(one for one in told if one["event"] == "fault_raised")
    assert (fault["t_s"], fault["a"], fault["a_is"], fault["words"]) == (
        "200.000",
        "9",
        "fault",
        "session timeout",
    )


def test_words_for_what_is_not_known_yet():
    assert words.event_words(records.Event(0, 250, 1, 2)) == "event 250"
    assert words.state_name(200) == "STATE_200"
    assert words.fault_name(200) == "FAULT_200"
    assert words.button_name(9) == "button 9"


def test_buttons_have_names():
    assert words.button_name(flags.BUTTON_START) == "START"
    assert words.button_name(flags.BUTTON_JOG_DOWN) == "JOG DOWN"


def test_a_picture_of_a_session(tmp_path):
    path = tmp_path / "a" / "session.png"
    write_picture(decode(DATA), ABOUT, path, Truth([0, 150, 300], [-75, 30, -75]))
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 40_000


def test_a_picture_shows_curves_states_limits_and_events():
    figure = draw(decode(DATA), ABOUT, Truth([0, 150, 300], [-75, 30, -75]))
    tilt, band, *_ = figure.axes
    lines = {line.get_label(): line for line in tilt.get_lines()}
    wanted = [tilt_mdeg / 1000 for tilt_mdeg in decode(DATA).columns.tilt_mdeg]
    assert np.array_equal(np.asarray(lines["measured"].get_ydata()), wanted)
    assert {"planned", "measured", "bench truth"} <= set(lines)
    assert [text.get_text() for text in band.texts] == ["moving", "holding", "returning"]
    said = {text.get_text() for text in figure.texts}
    assert {"Test plan", "START pressed", "session timeout", "step 1: to 0°"} <= said
    assert any("date not known" in one for one in said)
    assert any(text.get_text() == "device limit 60°" for text in tilt.texts)


def test_the_date_is_said_when_the_table_knew_it():
    figure = draw(decode(session_pages(7, start_unix_s=1_770_000_000)), ABOUT)
    assert any("2026-02-" in text.get_text() for text in figure.texts)


def test_a_picture_of_almost_nothing():
    log = decode(session_pages(7, count=3)[:PAGE])
    assert draw(log, About()).axes


def test_labels_never_overlap_and_faults_get_room_first():
    figure = new_figure(10, 6)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.6))
    axes.set_xlim(0, 100)
    labels = [Label(i % 25 * 4.1, f"event {i}", "black", 1) for i in range(60)]
    labels += [Label(i * 9.5, f"fault number {i}", "red", 0) for i in range(11)]
    placed = arrange(figure, axes, labels)
    assert {one.label.text for one in placed if one.label.weight == 0} == {
        f"fault number {i}" for i in range(11)
    }
    assert 0 < len(placed) < len(labels)
    spans: dict[int, list[tuple[float, float]]] = {}
    for one in placed:
        text = figure.text(0, 0, one.label.text, fontsize=8)
        width = text.get_window_extent().width
        assert one.begin_px + width <= axes.get_window_extent().x1 + 1
        for begin, end in spans.setdefault(one.row, []):
            assert one.begin_px + width < begin or end < one.begin_px
        spans[one.row].append((one.begin_px, one.begin_px + width))
    assert max(spans) < ROWS


def test_state_spans():
    assert state_spans([0, 1, 2, 3], [2, 2, 3, 2], 9) == [(0, 2, 2), (2, 3, 3), (3, 9, 2)]
    assert state_spans([], [], 5) == []


def boxed_log():
    """A session with the black box of its fault: every tick of 5 s, the last with another state."""
    log = decode(DATA)
    at_ms = next(event.t_ms for event in log.events if event.code == events.FAULT_RAISED)
    samples = []
    for tick in range(500):
        tilt = 30_000 + (tick - 400) * 20 if tick > 400 else 30_000
        duty = 190 if tick > 400 else 0
        samples.append(
            records.BoxSample(
                at_ms - 10 * (499 - tick), tilt, 30_000, 20 * duty // 2, duty, 10 * duty, 24_000,
                tilt + 150, tilt - 200, 5 if tick == 499 else 3, 1,
            )
        )  # fmt: skip
    log.boxes = [BlackBox(9, samples)]
    return log


def test_the_black_box_is_drawn_below():
    plain, figure = draw(decode(DATA), ABOUT), draw(boxed_log(), ABOUT)
    assert len(figure.axes) == len(plain.axes) + 2
    assert figure.get_figheight() > plain.get_figheight()
    box = figure.axes[-2]
    times_s = np.asarray(box.get_lines()[-2].get_xdata())
    assert (len(times_s), times_s[0], times_s[-1]) == (500, pytest.approx(-4.99), 0)
    said = {text.get_text() for text in figure.texts}
    assert "Black box: session timeout at 200.00 s, 500 ticks" in said
    # What was there lies where it lay, counted from the top, and nothing lies over it.
    height, old = figure.get_figheight(), plain.get_figheight()
    for mine, theirs in zip(figure.axes, plain.axes, strict=False):
        mine_at, theirs_at = mine.get_position(), theirs.get_position()
        assert (1 - mine_at.y1) * height == pytest.approx((1 - theirs_at.y1) * old)
        assert mine_at.height * height == pytest.approx(theirs_at.height * old)
        assert mine_at.y0 > box.get_position().y1


def test_a_black_box_of_which_nothing_is_left_is_no_picture():
    log = decode(DATA)
    log.boxes = [BlackBox(9)]
    assert len(draw(log, ABOUT).axes) == len(draw(decode(DATA), ABOUT).axes)
