"""The clinic's workbench: pages that a team works with, served from one ledger."""
