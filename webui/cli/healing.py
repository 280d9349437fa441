# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui healing``: answer what the healer waits for, and stop it.

Who answers is the account that runs the command; who asked for a repair cannot allow it.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import counted
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.policy import (
    load_healing_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
    is_alive,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.suppressions import (
    SuppressionStore,
)
from webui.cli.group import ComplianceGroup
from webui.index import database_url
from webui.settings import current_settings

# What is known here of the process of a run.
_SIGHT = {True: "which lives", False: "which is dead", None: "not to be seen from here"}

site_option = click.option(
    "--site", metavar="SITE", help="The site; by default that of HIPAA_SITE_ID."
)


@click.group("healing", cls=ComplianceGroup)
def healing() -> None:
    """Answer what the healer waits for, and stop it."""


@healing.command()
@site_option
def waiting(site: str | None) -> None:
    """Show what needs an approval, what waits for its window, and which hosts are held."""
    site_id, now = _site(site), utc_now()
    with _gate() as gate:
        pending, queued = gate.pending(site_id, now), gate.queued(site_id)
        switches = gate.kill_switches(site_id)
        aside, taken = SuppressionStore(gate.database).active(site_id), gate.taken(site_id)
    for switch in switches:
        click.echo(f"STOPPED by {switch.name}: no repair begins")
    for approval in pending:
        request = approval.request
        click.echo(
            f"{approval.approval_id}  {request.host_id}, {request.check_type}: "
            f"{request.runbook_id}, asked by {request.requested_by}, "
            f"expires {to_text(approval.expires_at)}"
        )
    for item in queued:
        request = item.request
        click.echo(f"queued  {request.host_id}, {request.check_type}: {request.runbook_id}")
    for claim, run in taken:
        click.echo(
            f"held  {claim.host_id}, {claim.check_type}: {claim.runbook_id}, by run {run.run_id}, "
            f"process {run.pid} on {run.machine}, {_SIGHT[is_alive(run)]}"
        )
    for put in aside:
        click.echo(
            f"put aside  {put.key.host_id}, {put.key.check_type}: {put.runbook_id}, "
            f"{put.code} since {to_text(put.suppressed_at)}"
        )
    click.echo(
        f"{counted(len(pending), 'request')} for approval, {len(queued)} queued, "
        f"{counted(len(taken), 'host')} held, {len(aside)} put aside"
    )


@healing.command()
@click.argument("approval_id")
def approve(approval_id: str) -> None:
    """Allow one repair, once; the next run carries it out."""
    with _gate() as gate:
        approval = gate.approve(approval_id, _account(), utc_now())
    click.echo(f"{approval.request.runbook_id} on {approval.request.host_id}: approved")


@healing.command()
@click.argument("approval_id")
def refuse(approval_id: str) -> None:
    """Refuse one repair; the next run makes a ticket of it."""
    with _gate() as gate:
        approval = gate.refuse(approval_id, _account(), utc_now())
    click.echo(f"{approval.request.runbook_id} on {approval.request.host_id}: refused")


@healing.command()
@click.argument("reason")
@site_option
def stop(reason: str, site: str | None) -> None:
    """Let no repair begin at a site any more; REASON is for those who ask later."""
    site_id = _site(site)
    with _gate() as gate:
        gate.kill(site_id, _account(), reason, utc_now())
    click.echo(f"{site_id}: no repair begins any more; what is under way is finished or taken back")


@healing.command()
@site_option
def go(site: str | None) -> None:
    """Let repairs begin again at a site that was stopped."""
    site_id = _site(site)
    with _gate() as gate:
        was_on = gate.unkill(site_id, _account(), utc_now())
    click.echo(f"{site_id}: {'repairs go on' if was_on else 'was not stopped'}")


@healing.command()
@click.argument("run_id")
@site_option
def dead(run_id: str, site: str | None) -> None:
    """Say that a run is dead that cannot be seen from here; the next run takes its hosts over.

    Make sure of it first: a run that lives loses its hosts by this, in the middle of a repair.
    """
    site_id = _site(site)
    with _gate() as gate:
        hosts = gate.declare_dead(site_id, run_id, _account(), utc_now())
    click.echo(f"{run_id}: dead; the next run takes over {counted(hosts, 'host')}")


@healing.command()
@click.argument("host")
@click.argument("check", type=click.Choice([check.value for check in CheckId]))
@click.argument("runbook")
@site_option
def clear(host: str, check: str, runbook: str, site: str | None) -> None:
    """Let RUNBOOK be run again where it was put aside; '*' is for all that were put aside."""
    key = IncidentKey(_site(site), host, CheckId(check))
    with _gate() as gate:
        SuppressionStore(gate.database).clear(key, runbook, _account(), utc_now())
    click.echo(f"{runbook} may be run again for {check} on {host}")


@contextmanager
def _gate() -> Iterator[Gate]:
    rules, now = default_rules_dir(), _run_name(utc_now())
    registry = load_registry(rules)
    database = open_database(database_url(current_settings()))
    try:
        # The policy of a site stands in its inventory; answers need the shipped one only.
        policy = load_healing_policy(rules, runbooks=registry.runbooks)
        yield Gate(database, policy, registry.runbooks, identify_run(now))
    finally:
        database.close()


def _account() -> str:
    # Of the process: getpass would believe LOGNAME, which anybody can set.
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # as in a container that runs under any number
        return f"uid {number}"


def _run_name(now: datetime) -> str:
    return f"command-{now:%Y%m%dT%H%M%SZ}"


def _site(given: str | None) -> str:
    site_id = given or current_settings().site_id
    if site_id is None:
        raise click.UsageError("Say which site: --site SITE, or set HIPAA_SITE_ID.")
    return site_id
