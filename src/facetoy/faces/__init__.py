"""From a photo to a decision: find and embed faces, compare two (1:1), search many (1:N)."""
