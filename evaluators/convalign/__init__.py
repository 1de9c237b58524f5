"""convalign scores a dialogue log on lexical, emotional and prosodic alignment, each apart."""
