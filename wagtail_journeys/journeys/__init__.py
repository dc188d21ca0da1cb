"""ACTS: journeys, their visits, who enters, and the engine that moves them."""
