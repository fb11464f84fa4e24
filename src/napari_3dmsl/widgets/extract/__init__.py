"""The Extract shapes panel."""
