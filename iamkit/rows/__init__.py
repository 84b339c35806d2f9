"""Rows: what a caller may see of the app's own tables; policies as WHERE clauses."""
