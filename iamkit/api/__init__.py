"""The management API: what AWS's clients speak, and the same operations as JSON."""
