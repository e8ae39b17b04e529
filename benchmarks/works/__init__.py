"""What they are asked to do: one file for each kind of work; each gives rows of the results page."""
