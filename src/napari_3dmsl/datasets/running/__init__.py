"""What a run needs to be interrupted and gone on with."""
