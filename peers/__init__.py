"""Local stand-ins of vendors, for tests and the demonstration. They import nothing of the project."""
