"""`python -m eutonia` is the command `eutonia`."""

from eutonia.doors.cli import main

main()
