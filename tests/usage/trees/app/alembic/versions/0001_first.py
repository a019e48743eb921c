"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("odds_snapshots", sa.Column("id", sa.Integer), sa.Column("raw_response", sa.JSON))


def downgrade():
    op.execute("UPDATE odds_snapshots SET raw_response = raw_response->'body'")
    op.drop_column("odds_snapshots", "raw_response")
