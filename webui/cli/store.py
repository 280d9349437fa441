# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui store``: the index over the evidence.

Exit codes are those of every command; with several sites 1 means that at least one was refused, and
the others were done.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store import evidence_index
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.digest import (
    index_digest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import (
    Ingested,
    ingest,
    rebuild,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.snapshot import (
    EvidenceRejected,
    read_head,
)
from webui.cli.group import CommandFailed, ComplianceGroup
from webui.index import database_url, sites_with_evidence, trusted_keys
from webui.settings import Settings, current_settings

# The verifier lists all; here a few show what kind of thing is wrong.
PROBLEMS_SHOWN = 10

one_site = click.option("--site", "site_id", help="The site; HIPAA_SITE_ID by default.")
some_sites = click.option(
    "--site", "site_ids", multiple=True, help="A site; all by default. May be repeated."
)
some_keys = click.option(
    "--key",
    "keys",
    multiple=True,
    help="Public key to trust, for one --site: file or line. By default the site's own.",
)


@click.group("store", cls=ComplianceGroup)
def store() -> None:
    """Index the evidence; it can always be made again from there."""


@store.command("ingest")
@some_sites
@some_keys
@click.pass_context
def ingest_command(
    context: click.Context, site_ids: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    """Verify what was sealed since the last time, and index it."""
    settings = current_settings()
    if keys and len(site_ids) != 1:
        # The key of one site must not vouch for another.
        raise click.UsageError("--key needs one --site: a key is of one site.")
    refused = 0
    with _prepared(settings) as database:
        for site_id in site_ids or _all_sites(settings, database):
            try:
                site = SiteDirectory(settings.evidence_dir, site_id)
                trusted = trusted_keys(settings, site_id, keys)
                click.echo(_told(ingest(database, site, trusted, utc_now)))
            except ComplianceError as error:
                _show(error)
                refused += 1
    if refused:
        context.exit(1)


@store.command("rebuild")
@one_site
@some_keys
@click.option(
    "--accept-older-log",
    is_flag=True,
    help="The log was put back on purpose, from a backup: forget what was indexed after it.",
)
def rebuild_command(site_id: str | None, keys: tuple[str, ...], *, accept_older_log: bool) -> None:
    """Verify all evidence of a site, and make its index anew."""
    settings = current_settings()
    name = site_id or settings.site_id
    if name is None:
        raise click.UsageError("Say which site: --site SITE, or set HIPAA_SITE_ID.")
    site = SiteDirectory(settings.evidence_dir, name)
    trusted = trusted_keys(settings, name, keys)
    with _prepared(settings) as database:
        try:
            done = rebuild(database, site, trusted, utc_now, accept_older_log=accept_older_log)
        except EvidenceRejected as error:
            _show_problems(error)
            raise
        click.echo(_told(done))


@store.command("digest")
@some_sites
def digest_command(site_ids: tuple[str, ...]) -> None:
    """Print the SHA-256 of the index of each site: equal wherever it is of the same evidence."""
    with _opened(current_settings()) as database, database.reading() as session:
        known = {site.site_id: site for site in evidence_index.sites(session)}
        for site_id in site_ids or sorted(known):
            digest = index_digest(session, site_id)
            click.echo(f"{digest}  {site_id} {known[site_id].tree_size}")


@store.command("status")
def status_command() -> None:
    """Print how far each site is indexed, and how far its log is."""
    settings = current_settings()
    with _opened(settings) as database, database.reading() as session:
        indexed = {site.site_id: site for site in evidence_index.sites(session)}
    for site_id in sorted({*indexed, *sites_with_evidence(settings.evidence_dir)}):
        log_size = read_head(SiteDirectory(settings.evidence_dir, site_id)).size
        site = indexed.get(site_id)
        if site is None:
            click.echo(f"{site_id}: not indexed; its log has {log_size} entries")
            continue
        click.echo(
            f"{site_id}: {site.tree_size} of {log_size} entries of its log, {site.runs} runs, "
            f"{site.bundles} bundles; compared at {to_text(site.ingested_at)}"
        )


@contextmanager
def _prepared(settings: Settings) -> Iterator[Database]:
    database = prepare_database(database_url(settings))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(database_url(settings))
    try:
        yield database
    finally:
        database.close()


def _all_sites(settings: Settings, database: Database) -> Sequence[str]:
    """Return every site on disk or in the index: one whose directory is gone must be heard of."""
    with database.reading() as session:
        indexed = {site.site_id for site in evidence_index.sites(session)}
    found = sorted({*indexed, *sites_with_evidence(settings.evidence_dir)})
    if not found:
        raise click.ClickException(
            f"There is no site in {settings.evidence_dir}. Set HIPAA_EVIDENCE_DIR."
        )
    return found


def _told(done: Ingested) -> str:
    """Return the line about one site; that nothing came is said, since it may be an alarm."""
    if not done.head.size:
        return f"{done.site_id}: zero runs: nothing is in its log"
    parts = [
        verify.counted(number, noun)
        for number, noun in (
            (done.added.runs, "run"),
            (done.added.bundles, "bundle"),
            (done.added.key_statements, "key statement"),
        )
        if number
    ]
    told = f"indexed {', '.join(parts)}" if parts else "zero new runs"
    return f"{done.site_id}: {told}; {done.head.size} entries of its log"


def _show(error: ComplianceError) -> None:
    if isinstance(error, EvidenceRejected):
        _show_problems(error)
    CommandFailed(error.code, str(error)).show()


def _show_problems(error: EvidenceRejected) -> None:
    for problem in error.problems[:PROBLEMS_SHOWN]:
        click.echo(str(problem), err=True)
    if len(error.problems) > PROBLEMS_SHOWN:
        click.echo(f"... and {len(error.problems) - PROBLEMS_SHOWN} more: run verify.py", err=True)
