"""The store on SQL databases: SQLite and PostgreSQL."""
