"""The fault campaign: whole sessions with one fault each, judged by the truth of the bench."""
