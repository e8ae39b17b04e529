"""The command line: one file a verb. Wires deployment and laboratory, prints, chooses exit codes; decides nothing."""
