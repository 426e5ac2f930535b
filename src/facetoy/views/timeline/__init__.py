"""Timeline: dated events as a chart, of which one is read at a time."""
