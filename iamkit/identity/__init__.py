"""WHO: accounts and their tree, users, groups, roles, the policies that hang on them, and principals."""
