"""``python -m insights`` is the command ``insights``."""

from insights.cli import main

if __name__ == "__main__":
    main()
