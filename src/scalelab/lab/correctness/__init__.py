"""Whether an answer under load is right, not only quick: what it proves of itself, and what is known of the truth."""
