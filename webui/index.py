# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the index is, which sites there are, and whose signatures they must carry, by settings."""

from collections.abc import Sequence
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    public_half_file,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    NameInvalid,
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import (
    DEFAULT_FILE,
)
from webui.settings import Settings


class PublicKeyUnusable(ComplianceError):
    """There is no public key to verify a site with; one beside the evidence proves nothing."""

    code = "public_key_unusable"


def database_url(settings: Settings) -> str:
    """Return the URL of the index: that of HIPAA_DATABASE_URL, or a file beside the evidence."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.evidence_dir.absolute() / DEFAULT_FILE}"


def sites_with_evidence(evidence_dir: Path) -> list[str]:
    """Return the names of the directories that are laid out as a site's."""
    found = []
    for path in sorted(evidence_dir.glob("*")):
        try:
            site = SiteDirectory(evidence_dir, path.name)
        except NameInvalid:
            continue
        if site.bundles.is_dir() or site.log.is_dir():
            found.append(site.site_id)
    return found


def trusted_keys(settings: Settings, site_id: str, given: Sequence[str]) -> dict[str, bytes]:
    """Return the keys *given*, each a file or a line; by default the site's own on this machine.

    Raises PublicKeyUnusable.
    """
    file = public_half_file(settings.key_file(site_id), site_id)
    try:
        # A path that is not there would be taken for a key: that error would name no file.
        return verify.read_keys(given) if given else verify.parse_keys(file.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise PublicKeyUnusable(
            f"no public key to verify {site_id} with",
            value=str(error),
            remedy="Give the key that the site published: --key FILE_OR_LINE.",
        ) from error
