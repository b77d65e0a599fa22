"""Destruction: a plan, its approval, the run, what is looked at afterwards, and the certificate. One step a file."""
