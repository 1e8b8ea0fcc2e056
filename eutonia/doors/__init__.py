"""The doors: ways in and out.  All of them call the same verbs."""
