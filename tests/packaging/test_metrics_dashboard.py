"""The dashboard and the alerts ask for metrics there are; every metric has its line in the reference."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.test_wheel import ROOT

PROMETHEUS = ROOT / "dev" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "dev" / "grafana" / "dashboards" / "minutier.json").read_text(encoding="utf-8"))
ALERTS: dict[str, Any] = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
ADDED_BY_PROMETHEUS = {"le", "job", "instance"}


def explained() -> dict[str, tuple[str, set[str]]]:
    """Name to kind and labels, from the reference."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(minutier_\w+)` \| (\w+) \|([^|]*)\|", page, re.M)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def produced() -> dict[str, tuple[str, set[str]]]:
    """Name as Prometheus sees it to kind and labels, from the workers."""
    from prometheus_client import Counter
    from prometheus_client.metrics import MetricWrapperBase

    from workers import metrics

    ours = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    return {f"{m._name}_total" if isinstance(m, Counter) else m._name: (m._type, set(m._labelnames)) for m in ours}


def questions() -> Iterator[tuple[str, str]]:
    """Where an expression stands, and the expression."""
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


ASKED = [pytest.param(text, id=where) for where, text in questions()]


def names_in(expression: str) -> set[str]:
    found = set(re.findall(r"\bminutier_\w+", expression))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def test_the_reference_says_what_workers_tell() -> None:
    assert explained() == produced()


@pytest.mark.parametrize("expression", ASKED)
def test_metrics_that_are_asked_for_exist(expression: str) -> None:
    names = names_in(expression)
    assert names <= explained().keys()
    assert names or 'job="minutier-worker"' in expression
    labels = set().union(ADDED_BY_PROMETHEUS, *(explained()[name][1] for name in names))
    used = re.findall(r"\bby \(([^)]*)\)", expression) + re.findall(r"\{(\w+)=", expression)
    assert {label.strip() for text in used for label in text.split(",")} <= labels


@pytest.mark.parametrize("expression", ASKED)
def test_backlogs_are_never_summed_and_counters_always_rated(expression: str) -> None:
    """Every worker tells the same backlog: a sum of it would grow with the number of workers."""
    for name in names_in(expression):
        if explained()[name][0] == "gauge":
            assert not re.search(rf"sum[^(]*\({name}", expression), name
        else:
            assert re.search(rf"(rate|increase)\({name}", expression), name


def test_every_metric_is_shown_somewhere() -> None:
    shown = set().union(*(names_in(target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]))
    assert explained().keys() - shown == set()


def test_prometheus_asks_where_workers_answer() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "minutier-worker")["dns_sd_configs"][0]
    command = compose["worker"]["command"]
    assert job["names"] == ["worker"]
    assert command[command.index("--metrics") + 1].endswith(f":{job['port']}")
    assert command[command.index("--processes") + 1] == "1"  # a second process would answer at another port


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        why = "promtool is not installed: dev/validators.sh installs it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    done = subprocess.run([program, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_settings_and_alerts() -> None:
    promtool("check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should() -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(tmp_path / "panels.yml"))
