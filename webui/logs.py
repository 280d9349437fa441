# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program writes to its log goes through the scrubber of the site first."""

import logging
import os

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.logs import ScrubbingFilter
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.pseudonyms import (
    load_or_create_pseudonym_key,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from webui.settings import Settings

FORMAT = "[%(asctime)s] %(levelname)s in %(name)s: %(message)s"


def scrub_logs(settings: Settings) -> None:
    """Let no handler of the root logger write what is not scrubbed; make one if there is none.

    Handlers see the records of every logger, ours and those of libraries. With the pseudonym key of
    the settings, log and evidence name somebody alike; without one, a key of this process serves,
    and what it wrote cannot be matched with anything.
    """
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(format=FORMAT)
    bare = [item for item in root.handlers if not any(map(_scrubs, item.filters))]
    if not bare:
        return
    file = settings.pseudonym_key_file
    key = load_or_create_pseudonym_key(file) if file and file.exists() else os.urandom(32)
    scrubbing = ScrubbingFilter(Scrubber(key, today=utc_now().date()))
    for handler in bare:
        handler.addFilter(scrubbing)


def _scrubs(item: object) -> bool:
    return isinstance(item, ScrubbingFilter)
