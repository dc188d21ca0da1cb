"""WHO: contacts, how a visitor becomes one, what they consented to and which addresses are never written to."""
