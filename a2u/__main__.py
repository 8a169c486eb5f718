"""`python -m a2u` is the command `a2u`: for environments whose scripts are not on the path."""

from a2u.commands.cli import main

if __name__ == "__main__":
    main()
