"""How a form answers: a mistake becomes the sentence that the command line would print, and nothing else changes."""

from collections.abc import Callable
from functools import wraps
from html import escape
from typing import Any

import gradio as gr

from duetto.errors import DuettoError, memory_shortage_told

PRIVATE = {"api_visibility": "private"}  # of every event: the page is the only client


def answered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Show a `DuettoError` as its sentence; anything else is a bug of ours, with its traceback in the terminal."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            with memory_shortage_told():
                return function(*arguments)
        except DuettoError as error:
            raise gr.Error(escape(str(error)), duration=None, print_exception=False) from None

    return call


def tell(sentence: str) -> None:
    """Show a sentence for some seconds."""
    gr.Info(escape(sentence))
