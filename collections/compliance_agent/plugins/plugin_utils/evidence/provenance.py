# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the evidence of a run comes from: versions, and the automation job by an allow-list."""

import re
from collections.abc import Mapping

# The same as in galaxy.yml, which an installed collection does not have; a test compares them.
COLLECTION_VERSION = "0.1.0"

# What AWX tells about a job in its environment. Names and addresses of people are left out, and so
# is everything that may hold a secret: extra variables, and the rest of the environment.
JOB_VARIABLES: Mapping[str, str] = {
    "JOB_ID": "job_id",
    "INVENTORY_ID": "inventory_id",
    "PROJECT_REVISION": "project_revision",
}
_JOB_VALUE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def run_provenance(ansible_version: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every bundle of a run says of its origin; job values of odd form are left out."""
    job = {
        field: environ[name]
        for name, field in JOB_VARIABLES.items()
        if _JOB_VALUE.fullmatch(environ.get(name, ""))
    }
    return {"collection_version": COLLECTION_VERSION, "ansible_version": ansible_version, **job}
