"""The highest rate that meets an SLO: which rates to try, what a trial says, and what all of them say together."""
