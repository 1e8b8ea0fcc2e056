"""What Eutonia costs, measured beside a peer in the same run: ratios count, absolute times do not."""
