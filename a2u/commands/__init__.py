"""The command line: a file for each sub-command, and what several of them need. Only tests import it."""
