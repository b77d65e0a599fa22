"""The interface for programs: HTTP in front of the same services as the command line, with no rule of its own."""
