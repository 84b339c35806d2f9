"""Every management operation once: its action, resource ARNs, condition keys and what it does."""
