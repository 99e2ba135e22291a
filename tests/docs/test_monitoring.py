"""The dashboard, the alert rules and the list of metrics name what the server exposes."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from messaging import metrics
from tests.docs.markdown import ROOT, Document, codes

FOLDER = ROOT / "docs/monitoring"
OURS = {
    found._name + ("_total" if isinstance(found, Counter) else ""): found
    for found in vars(metrics).values()
    if isinstance(found, Counter | Gauge | Histogram) and not found._labelvalues
}


def expressions_of_dashboard():
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def expressions_of_alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


EXPRESSIONS = pytest.mark.parametrize("expression", [*expressions_of_dashboard(), *expressions_of_alerts()])


def metrics_in(expression):
    """Return (metric, suffix of a histogram's series) of each metric that is named."""
    return re.findall(r"\b(chat_\w+?)(_bucket|_sum|_count)?\b", expression)


@EXPRESSIONS
def test_every_metric_that_is_asked_for_exists(expression):
    asked = metrics_in(expression)
    assert asked or expression.startswith('up{job="onesocket"}')
    for name, suffix in asked:
        assert isinstance(OURS[name], Histogram) is bool(suffix), name


@EXPRESSIONS
def test_every_label_that_is_asked_for_exists(expression):
    has = {label for name, _ in metrics_in(expression) for label in OURS[name]._labelnames} | {"le", "instance", "job"}
    grouped = [label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")]
    assert {*grouped, *re.findall(r"(\w+)!?=", expression)} <= has


def test_every_metric_is_on_the_dashboard():
    assert {name for expression in expressions_of_dashboard() for name, _ in metrics_in(expression)} == OURS.keys()


def test_the_list_has_every_metric_with_its_labels():
    listed = {codes(row[0])[0]: tuple(codes(row[1])) for row in Document("docs/monitoring/README.md").rows("Metrics")}
    assert listed == {name: found._labelnames for name, found in OURS.items()}


def test_the_scrape_reads_the_rules_that_there_are():
    scrape = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert all((FOLDER / file).is_file() for file in scrape["rule_files"])
    assert [job["job_name"] for job in scrape["scrape_configs"]] == ["onesocket"]
