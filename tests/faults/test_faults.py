"""A short run with every kind of fault: what clients saw keeps the contract."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.faults.run import SHORT, run

pytestmark = [pytest.mark.services, pytest.mark.timeout(150)]


async def test_servers_replaced_under_load_are_not_noticed(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    outcome = await run(replace(SHORT, rolls=True, users=12), tmp_path)
    told = outcome.report.as_text()
    assert not outcome.report.violations, told
    assert outcome.report.figures["fault_server_drained"] == 3, told


async def test_a_cluster_under_faults_keeps_the_contract(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    outcome = await run(SHORT, tmp_path)
    told = f"seed {SHORT.seed}, history in {tmp_path}\n{outcome.report.as_text()}"
    assert not outcome.report.violations, told
    assert outcome.report.figures["messages"] > 100, told
    assert outcome.report.figures["pages"] > 100, told
