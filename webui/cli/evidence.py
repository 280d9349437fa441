# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui evidence``: what a person does with the evidence of a site."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.export import (
    Period,
    export_evidence,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from webui.cli.group import ComplianceGroup
from webui.settings import current_settings

DAY = click.DateTime(["%Y-%m-%d"])


@click.group("evidence", cls=ComplianceGroup)
def evidence() -> None:
    """Export the evidence of a site."""


@evidence.command("export")
@click.option("--site", "site_id", help="The site; HIPAA_SITE_ID by default.")
@click.option("--from", "first", type=DAY, required=True, help="First day, in UTC.")
@click.option("--to", "last", type=DAY, required=True, help="Last day, in UTC, included.")
@click.option(
    "--key", "keys", multiple=True, required=True, help="Public key to trust: file or line."
)
@click.option("--output", type=click.Path(path_type=Path), help="The archive to write.")
def export(
    site_id: str | None,
    first: datetime,
    last: datetime,
    keys: tuple[str, ...],
    output: Path | None,
) -> None:
    """Write one archive for an auditor: bundles, proofs, statements, keys, verifier.

    All evidence of the site is verified before, and the archive after.
    """
    settings = current_settings()
    name = site_id or settings.site_id
    if name is None:
        raise click.UsageError("Say which site: --site SITE, or set HIPAA_SITE_ID.")
    if last < first:
        raise click.BadParameter(f"{last:%Y-%m-%d} is before {first:%Y-%m-%d}", param_hint="--to")
    try:
        trusted = verify.read_keys(keys)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--key") from error
    period = Period(_day(first), _day(last))
    target = output or Path(f"{name}_{period.first}_{period.last}.zip")
    site = SiteDirectory(settings.evidence_dir, name)
    done = export_evidence(site, trusted, period, target)
    counted = f"{verify.counted(done.bundles, 'bundle')}, {verify.counted(done.runs, 'run')}"
    click.echo(f"{done.file}: {counted}: verified")
    click.echo(f"SHA-256 {done.sha256}")
    click.echo("Give the auditor the public key by another way than this archive.")


def _day(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).date()
