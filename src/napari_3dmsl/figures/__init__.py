"""Images for people to look at: what is shown beside them, and as figures. No window is needed."""
