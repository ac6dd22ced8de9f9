"""`python -m autoexp_tui` is `autoexp`."""

from autoexp_tui.cli import main

if __name__ == "__main__":
    main()
