"""The page and the plots that results are shown with."""

from __future__ import annotations

import xml.etree.ElementTree as xml

from bench import plot, prosody, results
from bench.report import write_report

SUSTAINED = {
    "sends_per_second": 300.0,
    "deliveries_per_second": 2700.0,
    "found": True,
    "half": {"delivery_ms": {"p50": 4.0, "p99": 9.0}},
    "server_us_per_send_at_half": 500.0,
    "probes": [{"rate": 100.0, "delivery_ms": {"p99": 5.0}}, {"rate": 300.0, "delivery_ms": {"p99": 200.0}}],
}


def read(drawing):
    return xml.fromstring(drawing)  # noqa: S314 -- we have just written it


def tell(tmp_path):
    page = write_report(results=tmp_path / "results", docs=tmp_path)
    return page.read_text()


def keep(tmp_path, scenario, server, figures):
    results.write(scenario, server, figures, quick=False, folder=tmp_path / "results")


def test_a_result_names_where_it_comes_from(tmp_path):
    keep(tmp_path, "chats", "daphne", {"ratio": 2.0})
    result = results.read(tmp_path / "results")["chats", "daphne"]
    assert result["figures"] == {"ratio": 2.0}
    assert result["commit"]
    assert result["command"].startswith("python -m bench")
    assert {"cpu", "python", "postgresql", "daphne"} <= result["machine"].keys()


def test_what_was_not_measured_is_said(tmp_path):
    keep(tmp_path, "chats", "daphne", {"ratio": 31.4, "ours": SUSTAINED, "baseline": SUSTAINED})
    page = tell(tmp_path)
    assert "| `chats`, sustained sends, to the baseline | ≥ 30 × | 31.4 × | ≥ 50 × | not measured |" in page
    assert "| p99 from send to delivery at half of that rate | ≤ 60 ms | 9 ms | ≤ 30 ms | not measured |" in page


def test_each_peer_has_its_line(tmp_path):
    keep(tmp_path, "peers", "daphne", {"ratios": {"socket.io, storing": 1.5, prosody.KIND: 16.0}})
    page = tell(tmp_path)
    assert "to Socket.IO with Redis that stores in PostgreSQL | ≥ 1.8 × | 1.5 × | ≥ 3 × | not measured |" in page
    assert "| `chats`, to Prosody with its archive in PostgreSQL | — | 16 × | — | not measured |" in page


def test_every_sustained_rate_has_its_line(tmp_path):
    keep(tmp_path, "pairs", "uvicorn", {"ratio": 1.0, "ours": SUSTAINED, "baseline": SUSTAINED})
    page = tell(tmp_path)
    assert "| `pairs` | uvicorn | baseline | 300 | 2,700 | 500 | 4 and 9 ms |" in page
    assert "| `pairs` | uvicorn | ours | 300 | 2,700 | 500 | 4 and 9 ms |" in page


def test_a_rate_whose_end_was_not_found_is_told_as_the_least(tmp_path):
    keep(tmp_path, "hall", "daphne", {"ours": SUSTAINED | {"found": False}})
    assert "| `hall` | daphne | ours | ≥ 300 | 2,700 |" in tell(tmp_path)


def test_the_plot_of_throughput_shows_who_was_measured_together(tmp_path):
    keep(tmp_path, "peers", "uvicorn", {"socket.io, storing": SUSTAINED, "ours": SUSTAINED})
    tell(tmp_path)
    drawn = (tmp_path / "performance/throughput.svg").read_text()
    assert "socket.io, storing beside uvicorn" in drawn
    assert "ours on uvicorn beside the peers" in drawn


def test_plots_are_drawn_of_what_there_is(tmp_path):
    keep(tmp_path, "chats", "daphne", {"ratio": 1.0, "ours": SUSTAINED, "baseline": SUSTAINED})
    page = tell(tmp_path)
    assert "performance/latency.svg" in page
    assert "performance/memory.svg" not in page
    drawn = read((tmp_path / "performance/latency.svg").read_text())
    assert len(drawn.findall("{*}polyline")) == 2


def test_a_page_without_results_is_a_page(tmp_path):
    assert "not measured" in tell(tmp_path)


def test_lines_stay_inside_the_plot():
    drawing = plot.draw_lines("t", "x", "y", {"a": [(1, 1), (50, 2000)], "b": [(7, 0.2)]}, logarithmic=True)
    for line in read(drawing).findall("{*}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 300


def test_the_longest_bar_is_the_largest_value():
    drawing = plot.draw_bars("t", {"few": 10, "many": 1000, "names <escaped>": 500})
    widths = [float(bar.attrib["width"]) for bar in read(drawing).findall("{*}rect")]
    assert widths[1] == max(widths) == 100 * widths[0]
