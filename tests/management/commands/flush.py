# ruff: noqa: S608 - SQL made of the names of our own tables
"""Django's `flush`, which follows every transactional test, at a tenth of its cost: a test fills few tables, a little."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

from messaging.models import Store

# Rows that are deleted stay in the file of a PostgreSQL table for a while, and its planner looks at the size of the file.
_MOST_BYTES = 131_072
# What the migrations have made, and no test changes.
_KEPT = {"django_content_type", "auth_permission"}


class Command(flush.Command):
    """Delete the rows of the tables that have some; empty all of them where one has grown."""

    def handle(self, **options: Any) -> None:
        """Leave the database as the migrations have made it."""
        database = options["database"]
        tables = connections[database].introspection.django_table_names(only_existing=True, include_views=False)
        with transaction.atomic(using=database):
            has_grown = _clear(database, sorted({*tables} - _KEPT))
            Store.objects.using(database).get_or_create(pk=1)
        if has_grown:
            super().handle(**options)


def _clear(database: str, tables: list[str]) -> bool:
    connection = connections[database]
    size = "pg_relation_size('{0}')" if connection.vendor == "postgresql" else "0"
    each = f"SELECT '{{0}}', {size} FROM (SELECT 1) AS one WHERE EXISTS (SELECT 1 FROM {{0}})"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each.format(table) for table in tables))
        filled = cursor.fetchall()
        if any(size > _MOST_BYTES for _, size in filled):
            return True
        for table, _ in filled:
            cursor.execute(f"DELETE FROM {table}")
    return False
