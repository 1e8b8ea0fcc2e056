"""Many people at once: the same ones under each arm of a study, in little memory, on one machine or on many."""
