"""A run in a browser: its screen through textual-serve's page, or one page that is told anew."""
