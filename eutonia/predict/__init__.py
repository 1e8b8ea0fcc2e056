"""What may come: exposure, effect and risk, always with bands."""
