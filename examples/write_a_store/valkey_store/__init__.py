"""A store for iamkit on Valkey."""
