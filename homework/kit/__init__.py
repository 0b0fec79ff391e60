"""What runs beside a student's code: it loads the file, runs one probe, and writes down what it saw.

Started by file path (`python -I -S worker.py JOBS`) and loaded there under the name `hwkit`, never as part of
`tinygrad_edu`: the library under study contains the answers. Nothing in here may import more than the standard
library and NumPy.
"""
