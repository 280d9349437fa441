# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the planner's model was asked.

Written out, not derived from planner_tables.py: that changes with later releases, and this must
not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the first release that counts calls for all runs of a site."""
    op.create_table(
        "planner_calls",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("day", _SORTED, nullable=False),
        sa.Column("counter", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "day", "counter", name="pk_planner_calls"),
        sa.CheckConstraint("calls >= 1", name="ck_planner_calls_calls"),
    )
    op.create_table(
        "planner_breakers",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("opened_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("site_id", name="pk_planner_breakers"),
        sa.CheckConstraint("failures >= 0", name="ck_planner_breakers_failures"),
    )
