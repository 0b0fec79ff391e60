"""The command line, `tinyedu`: front ends of the library, each command in a file of its own."""
