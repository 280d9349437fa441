# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui keys``: make, show, rotate and revoke the signing keys of a site."""

import json
from datetime import datetime
from pathlib import Path

import click

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_changes import (
    KeyChange,
    KeyKeeper,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_ring import (
    read_key_ring,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    Compromise,
    KeyRotation,
    RevocationReason,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    create_first_key,
    publish_key,
    write_public_half,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from webui.cli.group import ComplianceGroup
from webui.cli.key_table import describe_ring, key_in_use, table_of
from webui.settings import current_settings


class UtcInstant(click.ParamType[datetime]):
    """An instant that names its zone: ``2026-03-31T22:00:00Z``."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant; write 2026-03-31T22:00:00Z", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} names no zone; write {value}Z if it is UTC", param, ctx)
        return instant


site_option = click.option(
    "--site",
    "site_id",
    metavar="SITE_ID",
    help="The site; by default the one that HIPAA_SITE_ID names.",
)
key_option = click.option(
    "--signing-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its private key; by default HIPAA_SIGNING_KEY_FILE, or the file of the site in"
    " ~/.config/hipaa-compliance-agent.",
)


@click.group("keys", cls=ComplianceGroup)
def keys() -> None:
    """Look after the signing keys of a site."""


@keys.command()
@site_option
@key_option
def create(site_id: str | None, signing_key: Path | None) -> None:
    """Make the first key of a site that has neither a key nor evidence."""
    site = _chosen_site(site_id)
    file = _key_file(site, signing_key)
    key = create_first_key(file, site)
    site.prepare()
    publish_key(key, site)
    public = write_public_half(key, file, site.site_id)
    click.echo(f"made {file}\nand  {public}:\n\n    {key.public_line}\n")
    _echo_steps(
        "Give this line to everybody who verifies, by another way than the evidence.",
        f"Keep a copy of {file} where nobody else can read it: a lost key ends the log.",
    )


@keys.command()
@site_option
@key_option
def rotate(site_id: str | None, signing_key: Path | None) -> None:
    """Let a new key follow the one in use; both sign that it does.

    If a rotation was cut off, it is finished; one of the last hour is not done again.
    """
    site = _chosen_site(site_id)
    change = _keeper(site, signing_key).rotate()
    _echo_change(site, change)
    if isinstance(change.statement, KeyRotation):
        _echo_steps(
            "Give this line to everybody who verifies. Who has the old one can go on with it.",
            *_steps_of(site, change),
            *_removal(change, "once verify.py verified the site with the new line"),
        )
    else:
        _echo_steps(*_steps_of_revoked(site, change))


@keys.command()
@click.argument("key_id")
@site_option
@key_option
@click.option(
    "--compromised-at",
    type=UtcInstant(),
    required=True,
    help="The earliest time at which somebody else may have had it: 2026-03-31T22:00:00Z.",
)
@click.option(
    "--reason", type=click.Choice([item.value for item in RevocationReason]), required=True
)
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be taken back.")
def revoke(  # noqa: PLR0913, PLR0917 - one parameter for each option of the command
    site_id: str | None,
    signing_key: Path | None,
    key_id: str,
    compromised_at: datetime,
    reason: str,
    yes: bool,  # noqa: FBT001 - click passes flags so
) -> None:
    """Say that KEY_ID must not be trusted from a certain time on.

    If it is the key in use, a new one takes its place at once.
    """
    site = _chosen_site(site_id)
    if compromised_at > utc_now():
        raise click.BadParameter("a compromise in the future is not known yet")
    keeper = _keeper(site, signing_key)
    keeper.refuse_no_site()
    ring = read_key_ring(site)
    if key_id in ring.public_lines:
        lost = len(ring.runs_after(key_id, compromised_at))
        click.echo(f"Runs that {key_id} sealed since then, and that will not verify: {lost}")
        if not yes:
            click.confirm("Revoke it? This cannot be taken back.", abort=True)
    change = keeper.revoke(Compromise(key_id, compromised_at, RevocationReason(reason)))
    _echo_change(site, change)
    if change.put_aside is not None:
        _echo_steps(*_steps_of_revoked(site, change))
    else:
        heir = ring.heir_after(key_id, compromised_at)
        _echo_steps(*_steps_of_doubt(heir), *_steps_of(site, change), "Check those hosts again.")


@keys.command()
@site_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="Print a document for a program.")
def show(site_id: str | None, signing_key: Path | None, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show the keys of a site, what they signed, and what was said about them.

    What is shown comes from the directory of the site. Whether it may be believed says verify.py.
    """
    site = _chosen_site(site_id)
    keeper = _keeper(site, signing_key)
    keeper.refuse_no_site()
    in_use, problem = key_in_use(keeper.key_file)
    document = describe_ring(site.site_id, read_key_ring(site), in_use, problem)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(table_of(document))


def _chosen_site(named: str | None) -> SiteDirectory:
    settings = current_settings()
    if named is not None and settings.site_id not in {None, named}:
        raise click.UsageError(f"HIPAA_SITE_ID names another site: {settings.site_id}")
    site_id = named or settings.site_id
    if site_id is None:
        raise click.UsageError("Missing option '--site', and HIPAA_SITE_ID is not set.")
    return SiteDirectory(settings.evidence_dir, site_id)


def _key_file(site: SiteDirectory, named: Path | None) -> Path:
    return named or current_settings().key_file(site.site_id)


def _keeper(site: SiteDirectory, named: Path | None) -> KeyKeeper:
    return KeyKeeper(site, _key_file(site, named), utc_now)


def _echo_change(site: SiteDirectory, change: KeyChange) -> None:
    said = "said already" if change.was_done else "entered in the log"
    click.echo(f"{change.statement.statement_id} of {site.site_id}: {said}")
    click.echo(f"in use:\n\n    {change.in_use.public_line}\n")


def _steps_of(site: SiteDirectory, change: KeyChange) -> list[str]:
    return [
        f"Keep a copy of {site.log / 'checkpoint'} elsewhere: it shows that this was said.",
        f"Where the key is kept a second time (a backup, AWX), put {change.in_use.key_id} there.",
    ]


def _steps_of_revoked(site: SiteDirectory, change: KeyChange) -> list[str]:
    return [
        "Give the new line to everybody who verifies: the revoked key does not vouch for it.",
        (
            "Tell them to keep the old line too, for what was signed before, and to verify with"
            f" --checkpoint and a copy of {site.log / 'checkpoint'}: who has the revoked key can"
            " make an older log, but not this one."
        ),
        *_steps_of(site, change)[1:],
        "Check the hosts of those runs again.",
        *_removal(change, "once it is not needed to find out what happened"),
    ]


def _steps_of_doubt(heir: str | None) -> list[str]:
    if heir is None:
        return []
    doubt = "the revoked key named it as the next one when it may not have been yours alone"
    return [f"Give the line of {heir} to everybody who verifies: {doubt}."]


def _removal(change: KeyChange, when: str) -> list[str]:
    if change.put_aside is None or not change.put_aside.exists():
        return []
    return [f"Destroy {change.put_aside} {when}."]


def _echo_steps(*steps: str) -> None:
    click.echo("What to do now:")
    for number, step in enumerate(steps, start=1):
        click.echo(f"{number}. {step}")
