"""The loop and its rules: knows no screen, no git, no process and no SDK."""
