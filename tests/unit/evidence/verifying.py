# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier as its tests ask it: with the key of the site."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import SiteWriter, key, trusted

OURS, FOREIGN = key(1), key(9)
HOSTS = {"dc01": ["PASS"], "fs01": ["FAIL"], "pc01": ["WARNING"]}


def verified(site: SiteWriter, **options) -> verify.Verifier:
    verifier = verify.Verifier(trusted(OURS))
    verifier.read_site(site.path, **options)
    return verifier


def problems(site: SiteWriter) -> tuple[int, list[str]]:
    """Return the exit code, and what is said of each problem, without the path of the site."""
    verifier = verified(site)
    said = [str(item).replace(f"{site.path}/", "") for item in verifier.problems]
    return verifier.exit_code(), said
