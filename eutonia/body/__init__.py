"""What the drug does in a body: plasma, the fluid along the spine, tone, dependence.  Nothing here decides a dose."""
