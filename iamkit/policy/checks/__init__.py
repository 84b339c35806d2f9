"""The checks of policy documents, one module a subject; `table` lists every code."""
