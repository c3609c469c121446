"""`python -m pinched`: the command line where no script folder is on the PATH."""

from pinched.cli import main

if __name__ == "__main__":
    main()
