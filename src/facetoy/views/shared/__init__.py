"""What several pictures use: the sphere, elements and theme, the card, colours, shipping."""
