"""`python -m console`: the command line without its installed script."""

from console.cli import main

main()
