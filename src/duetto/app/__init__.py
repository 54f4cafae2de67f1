"""The app on loopback, `python -m duetto app`: forms and players over the functions and commands that exist without it.

A file for each tab; `server` and `gate` decide who gets in, `uploads` what, `jobs` starts and stops what takes its
time. Only `page` and the tabs import Gradio, so the rest is tested without it.
"""
