"""The doctor: finds what would keep jobs from running, before they do. One check a file; nothing is written."""
