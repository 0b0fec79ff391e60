"""Exercises from one scalar to a small CNN, a checker that says what is wrong and where, and grading for teachers.

kit/        runs next to the student's code; standard library and NumPy only, loaded by file path
runner/     starts processes for the kit, with limits, and reads back what they observed
judge/      decides what an observation is worth; never in a process that loads student code
show/       verdicts as text in English and Japanese
exercises/  one folder per exercise; AUTHORING.md says what is in it
"""
