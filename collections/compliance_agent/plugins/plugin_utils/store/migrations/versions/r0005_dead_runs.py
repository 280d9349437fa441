# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runs a person has declared dead.

Written out, not derived from gate_tables.py: that changes with later releases, and this must not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table of the first release that takes a person's word for it."""
    op.create_table(
        "dead_runs",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("run_id", _SORTED, nullable=False),
        sa.Column("declared_by", sa.Text, nullable=False),
        sa.Column("declared_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "run_id", name="pk_dead_runs"),
    )
