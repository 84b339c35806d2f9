"""Reports: what an account holds, who uses what of it, and what each policy gives."""
