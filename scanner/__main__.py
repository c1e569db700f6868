"""`python -m scanner` is `breachscan`."""

from scanner.cli import main

if __name__ == "__main__":
    main(prog_name="breachscan")
